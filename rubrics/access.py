"""Which rubrics a member may see. Annotators read what is published and never a draft."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404

from rubrics.models import Rubric, RubricVersion, Spec
from webapp.accounts.access import Member, found_or_404
from webapp.accounts.models import Membership, Project, Role, User

WRITERS = (Role.CLINICIAN, Role.LEAD)


def may_write(member: Member) -> bool:
    return member.has(*WRITERS)


def visible_versions(member: Member) -> QuerySet[RubricVersion]:
    """The versions that the member may read, without their texts."""
    found = RubricVersion.objects.filter(project=member.project)
    if not may_write(member):
        # Not those archived as drafts.
        found = found.filter(published_at__isnull=False)
    return found.select_related("spec", "author", "saved_by", "approved_by", "published_by").defer(
        "draft", "spec__content"
    )


def visible_rubrics(member: Member) -> QuerySet[Rubric]:
    """The rubrics with a version that the member may read; `shown` lists those, newest first."""
    versions = visible_versions(member)
    return (
        Rubric.objects.filter(project=member.project, archived_at=None)
        .filter(Exists(versions.filter(rubric=OuterRef("pk"))))
        .select_related("created_by")
        .prefetch_related(
            Prefetch("versions", queryset=versions.order_by("-number"), to_attr="shown")
        )
        .order_by("number")
    )


def rubric_for(member: Member, rubric_id: UUID) -> Rubric:
    rubric = visible_rubrics(member).filter(pk=rubric_id).first()
    if rubric is None:
        raise Http404
    return rubric


def version_for(member: Member, version_id: UUID) -> RubricVersion:
    """The version with its text. Raises Http404 where the member may not read it."""
    version = (
        visible_versions(member)
        .defer(None)
        .select_related("rubric", "project")
        .filter(pk=version_id)
        .first()
    )
    if version is None:
        raise Http404
    return version


def visible_specs(member: Member) -> QuerySet[Spec]:
    """Frozen texts. Those that were judged as drafts only are for those who write."""
    found = Spec.objects.filter(project=member.project)
    if may_write(member):
        return found
    return found.filter(Exists(visible_versions(member).filter(spec=OuterRef("pk"))))


def versions_with_texts(member: Member, rubric: Rubric) -> list[RubricVersion]:
    """The versions of a rubric that the member may read, newest first, with their texts."""
    return list(visible_versions(member).defer(None).filter(rubric=rubric).order_by("-number"))


def lineage(member: Member, rubric: Rubric) -> list[RubricVersion]:
    """The versions that follow one another, oldest first: without drafts that were set aside."""
    versions = reversed(versions_with_texts(member, rubric))
    return [version for version in versions if not version.is_set_aside]


def writable_projects(user: User) -> QuerySet[Project]:
    """The open projects in which this person writes rubrics."""
    return Project.objects.filter(
        Exists(Membership.objects.filter(project=OuterRef("pk"), user=user, role__in=WRITERS)),
        archived_at=None,
    ).order_by("name")


def open_version(rubric: Rubric) -> RubricVersion | None:
    """The version that is being written or reviewed; for members who write."""
    return (
        rubric.versions.filter(
            status__in=[RubricVersion.Status.DRAFT, RubricVersion.Status.IN_REVIEW]
        )
        .select_related("saved_by")
        .defer("draft")
        .first()
    )


def origin_of(member: Member, rubric: Rubric) -> RubricVersion | None:
    """The version that the rubric is a copy of, where the member may read it in this project."""
    if rubric.copied_from is None:
        return None
    found = visible_versions(member).filter(pk=rubric.copied_from)
    return found.select_related("rubric").first()


def published_for(member: Member, pk: UUID) -> RubricVersion:
    rows = RubricVersion.objects.filter(
        project=member.project, status=RubricVersion.Status.PUBLISHED
    )
    return found_or_404(rows.select_related("spec", "rubric").filter(pk=pk).first())
