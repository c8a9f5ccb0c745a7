"""Reads that writing, versions and the apps on top share: the text of a version, what is in use."""

from typing import Any

from django.db.models import QuerySet

from rubrics.core.spec import RubricSpec, from_json
from rubrics.models import Review, RubricVersion
from webapp.accounts.models import Membership, Project, Role


def text_of(version: RubricVersion) -> dict[str, Any]:
    """The frozen text of a published version, else the draft as it stands."""
    return version.spec.content if version.spec else version.draft


def published_versions(project: Project) -> QuerySet[RubricVersion]:
    """What people and judges can rate by, by the rubric's name and the newest version first."""
    return (
        RubricVersion.objects.filter(project=project, status=RubricVersion.Status.PUBLISHED)
        .select_related("rubric", "spec")
        .order_by("rubric__name", "-number")
    )


def turn_versions(project: Project) -> QuerySet[RubricVersion]:
    """The published versions that rate single turns."""
    return published_versions(project).filter(spec__content__target="turn")


def published_before(version: RubricVersion) -> RubricVersion | None:
    """The version of the same rubric that people rate by until this one is published."""
    return (
        RubricVersion.objects.filter(
            rubric_id=version.rubric_id,
            status=RubricVersion.Status.PUBLISHED,
            number__lt=version.number,
        )
        .select_related("spec")
        .order_by("-number")
        .first()
    )


def spec_of(version: RubricVersion) -> RubricSpec:
    """The frozen text of a version, else the draft as it stands."""
    return from_json(text_of(version))


def sent_back(version: RubricVersion) -> Review | None:
    """Why the draft is one again, until it is sent for review anew."""
    if version.status != RubricVersion.Status.DRAFT:
        return None
    last = next(iter(version.reviews.all()), None)
    return last if last and last.verdict == Review.Verdict.REFUSED else None


def approval_needed(project: Project) -> bool:
    """Whether somebody else has to approve a version: a project setting, and pointless where
    one person alone writes rubrics (DECISIONS 10)."""
    if not project.needs_approval:
        return False
    authors = Membership.objects.filter(
        project=project, role__in=[Role.CLINICIAN, Role.LEAD], user__is_active=True
    )
    return authors.values("user_id").distinct().count() > 1
