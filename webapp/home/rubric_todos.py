"""What waits for a person in the rubrics of their project."""

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.text import Truncator

from annotation.ratings.carried_ratings import (
    ChangedMeanings,
    changed_meanings,
    items_to_rate_again,
)
from rubrics.models import Review, RubricVersion
from rubrics.queries import sent_back
from webapp.accounts.access import Member
from webapp.home.todo import Todo, quantity
from webapp.text import listed

DRAFTS_SHOWN = 5
WORDS_SHOWN = 300
Status = RubricVersion.Status


def rubric_todos(member: Member) -> list[Todo]:
    """For clinicians and leads, most pressing first."""
    again = to_rate_again(member) if member.is_lead else []
    return [*approved(member), *reviews(member), *again, *drafts(member)]


def approved(member: Member) -> list[Todo]:
    """Approved versions: for whoever wrote in them, and for leads."""
    versions = RubricVersion.objects.filter(
        project=member.project, status=Status.IN_REVIEW, approved_by__isnull=False
    )
    if not member.is_lead:
        versions = versions.filter(_written_by(member))
    return [
        Todo(
            "check",
            f"{version.rubric} version {version.number} is approved",
            f"{version.approved_by} approved it. Publish it, so that people and judges can rate "
            "with it.",
            _page("rubric_version", member, version),
            "Publish it",
        )
        for version in versions.select_related("rubric", "approved_by").order_by("saved_at")
    ]


def reviews(member: Member) -> list[Todo]:
    """Versions that wait for the approval of somebody who was not the last to write in them."""
    versions = RubricVersion.objects.filter(
        project=member.project, status=Status.IN_REVIEW, approved_by=None
    ).exclude(saved_by=member.user)
    return [
        Todo(
            "rubric",
            f"{version.rubric} version {version.number} waits for approval",
            f"{version.saved_by or 'Somebody'} asks you to read it before it is published.",
            _page("rubric_version", member, version),
            "Read it",
        )
        for version in versions.select_related("rubric", "saved_by").order_by("saved_at")
    ]


def to_rate_again(member: Member) -> list[Todo]:
    """Published versions in which a criterion means something else than people rated."""
    counted = [(c, items_to_rate_again(c)) for c in changed_meanings(member.project)]
    return [_to_rate_again(member, change, count) for change, count in counted if count]


def _to_rate_again(member: Member, change: ChangedMeanings, count: int) -> Todo:
    version, names = change.version, listed(change.names)
    mean = "means" if len(change.names) == 1 else "mean"
    items = quantity(count, "item")
    return Todo(
        "desk",
        f"{items} to rate again with {version.rubric} version {version.number}",
        f"{names} {mean} something else now, so earlier ratings do not count. Create a queue "
        "with this version.",
        reverse("queue_new", kwargs={"project_id": member.project.pk}),
        "Create a queue",
    )


def drafts(member: Member) -> list[Todo]:
    """Drafts that this person began or wrote in last; those that were sent back say why."""
    versions = (
        RubricVersion.objects.filter(_written_by(member), project=member.project)
        .filter(status=Status.DRAFT)
        .select_related("rubric")
        .prefetch_related(Prefetch("reviews", queryset=Review.objects.select_related("reviewer")))
        .order_by("-saved_at")[:DRAFTS_SHOWN]
    )
    todos = [_draft(member, version) for version in versions]
    return sorted(todos, key=lambda todo: not todo.is_urgent)


def _draft(member: Member, version: RubricVersion) -> Todo:
    name = f"{version.rubric} version {version.number}"
    url = _page("rubric_edit", member, version)
    if refusal := sent_back(version):
        words = Truncator(refusal.words).chars(WORDS_SHOWN)
        why = f"{refusal.reviewer} wrote: “{words}”"
        return Todo(
            "comment", f"{name} was sent back", why, url, "Continue writing", is_urgent=True
        )
    why = "Judges and people rate published versions only."
    return Todo("edit", f"{name} is a draft", why, url, "Continue writing")


def _written_by(member: Member) -> Q:
    return Q(author=member.user) | Q(saved_by=member.user)


def _page(name: str, member: Member, version: RubricVersion) -> str:
    return reverse(name, kwargs={"project_id": member.project.pk, "version_id": version.pk})
