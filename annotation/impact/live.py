"""What trials show while a judge reads."""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.urls import reverse

from annotation.impact import results
from annotation.impact.access import impact_run_for, playground_run_for
from annotation.impact.preview import ImpactState
from annotation.models import ImpactRun, PlaygroundRun, SuggestionRun
from rubrics.access import WRITERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run

IMPACT_PARTS = ("head", "progress", "finding", "criteria", "ranking", "agreement", "changes")


def register() -> None:
    registry.register(
        registry.Kind(
            PlaygroundRun, render_playground, WRITERS, results.counts, _editor, is_listed=False
        )
    )
    registry.register(registry.Kind(ImpactRun, render_impact, WRITERS, results.counts, _page))


def render_playground(run: Run, member: Member) -> str:
    state = results.playground_state(playground_run_for(member, run.pk), member)
    context = {"member": member, "run": state.run, "state": state, "live": True}
    return render_to_string("impact/_tried.html", context)


def render_impact(run: Run, member: Member) -> Sequence[str]:
    found = impact_run_for(member, run.pk)
    context = {"member": member, "run": found, "state": ImpactState(found, member), "live": True}
    return [render_to_string(f"impact/_{part}.html", context) for part in IMPACT_PARTS]


def _editor(run: Run) -> str:
    return _url("rubric_edit", run)


def _url(name: str, run: Run) -> str:
    assert isinstance(run, PlaygroundRun | SuggestionRun)  # noqa: S101  (they have a version)
    return reverse(name, kwargs={"project_id": run.project_id, "version_id": run.version_id})


def _page(run: Run) -> str:
    return reverse("impact_run", kwargs={"project_id": run.project_id, "run_id": run.pk})
