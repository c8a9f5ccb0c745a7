"""What the shell around every page shows: the few places of this person's roles."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from webapp.accounts.access import Member
from webapp.accounts.models import Role

CLINICIAN, ANNOTATOR, LEAD = Role.CLINICIAN, Role.ANNOTATOR, Role.LEAD


@dataclass(frozen=True)
class Place:
    label: str
    url_name: str
    icon: str
    key: str
    # Empty: every member.
    roles: tuple[str, ...] = ()


PROJECT_PLACES = (
    Place("Home", "project_home", "home", "h"),
    Place("Desk", "desk", "desk", "d", (ANNOTATOR,)),
    Place("Rubrics", "rubrics", "rubric", "r"),
    Place("Data", "data", "dialogues", "a", (CLINICIAN, LEAD)),
    Place("Queues", "queues", "people", "q", (LEAD,)),
    Place("Agreement", "agreement", "agreement", "m", (CLINICIAN, LEAD)),
    Place("Adjudication", "adjudication", "adjudication", "u", (CLINICIAN, LEAD)),
    Place("Generation", "generation_runs", "generation", "g", (LEAD,)),
    Place("Judging", "judging", "judge", "j", (CLINICIAN, LEAD)),
    Place("Difficulty", "difficulty_runs", "difficulty", "f", (LEAD,)),
    Place("Training", "training_runs", "training", "t", (LEAD,)),
    Place("Evaluation", "evaluations", "evaluation", "v", (LEAD,)),
    Place("Endpoints", "endpoints", "server", "e", (LEAD,)),
    Place("Project", "project_settings", "settings", "p", (LEAD,)),
)
ADMIN_PLACES = (
    Place("Projects", "projects", "home", "h"),
    Place("People", "admin_people", "people", "p"),
    Place("Audit", "audit", "audit", "a"),
    Place("Health", "health", "health", "s"),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"shell": {"rail": [], "home_url": "/", "roles": "", "project": None}}
    member: Member | None = getattr(request, "member", None)
    if member is None:
        places = ADMIN_PLACES if user.is_admin else ADMIN_PLACES[:1]
        return {
            "shell": {
                "rail": [_entry(request, place, {}) for place in places],
                "home_url": reverse("home"),
                "roles": "Administrator" if user.is_admin else "",
                "project": None,
            }
        }
    where = {"project_id": member.project.pk}
    return {
        "shell": {
            "rail": [
                _entry(request, place, where)
                for place in PROJECT_PLACES
                if not place.roles or member.has(*place.roles)
            ],
            "home_url": reverse("project_home", kwargs=where),
            "roles": ", ".join(Role.labels_of(member.roles)),
            "project": member.project,
        }
    }


def _entry(request: HttpRequest, place: Place, where: dict[str, Any]) -> dict[str, Any]:
    url = reverse(place.url_name, kwargs=where)
    is_home = place.url_name in ("project_home", "projects")
    current = request.path == url if is_home else request.path.startswith(url)
    return {
        "label": place.label, "icon": place.icon, "key": place.key, "url": url, "current": current
    }  # fmt: skip
