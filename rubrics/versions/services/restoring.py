"""Begin again from an earlier text: in the same rubric, or in a rubric of its own."""

from django.db import transaction

from rubrics.core.meaning import keep_identities
from rubrics.core.spec import RubricSpec, to_json
from rubrics.models import Rubric, RubricVersion
from rubrics.queries import spec_of
from rubrics.versions.services.publishing import archive_locked
from rubrics.writing.services import (
    begin_version,
    lock_rubric,
    next_version_number,
    read_content,
    rubric_create,
)
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused, Stale

Status = RubricVersion.Status


def version_restore(
    *, version: RubricVersion, actor: User, set_aside_revision: int | None = None
) -> RubricVersion:
    """A new draft with the text of `version`, which is published or archived.

    While another draft is open it is refused, unless `set_aside_revision` says which text of that
    draft the actor has seen: then the draft is archived first, so that no word of it is lost.
    """
    with transaction.atomic():
        rubric = lock_rubric(version.rubric)
        if version.spec is None:
            raise Refused(f"Version {version.number} is still a draft.", code="not_frozen")
        _clear_the_way(rubric, actor, set_aside_revision)
        restored = begin_version(
            rubric,
            number=next_version_number(rubric),
            actor=actor,
            spec=read_content(version.spec.content),
        )
        audit.record(
            "rubric_version.restored", actor=actor, object=restored, from_number=version.number
        )
    return restored


def draft_import(*, rubric: Rubric, actor: User, spec: RubricSpec) -> RubricVersion:
    """A new draft with the text of a file. A criterion that the file names by its uid, or that
    says the same in the newest version, keeps its identity. Refused while a draft is open."""
    with transaction.atomic():
        locked = lock_rubric(rubric)
        _clear_the_way(locked, actor, None)
        newest = locked.versions.select_related("spec").order_by("-number").first()
        if newest is not None:
            spec = keep_identities(spec, spec_of(newest))
        return begin_version(
            locked,
            number=next_version_number(locked),
            actor=actor,
            spec=read_content(to_json(spec)),
        )


def version_copy(*, version: RubricVersion, actor: User, project: Project, name: str) -> Rubric:
    """A rubric of its own whose draft is the text of `version`, in the same project or in
    another one where the actor writes (the caller has looked). The criteria keep their identity;
    ratings stay where they are (DECISIONS 2 and 9)."""
    with transaction.atomic():
        rubric = rubric_create(
            project=project,
            actor=actor,
            name=name,
            content=version.spec.content if version.spec else version.draft,
            copied_from=version.pk,
        )
        audit.record("rubric.copied", actor=actor, object=rubric, copied_from=str(version.pk))
    return rubric


def _clear_the_way(rubric: Rubric, actor: User, set_aside_revision: int | None) -> None:
    in_the_way = (
        rubric.versions.select_for_update(of=("self",))
        .select_related("project")
        .filter(status__in=[Status.DRAFT, Status.IN_REVIEW])
        .first()
    )
    if in_the_way is None:
        return
    if in_the_way.status == Status.IN_REVIEW:
        raise Refused(
            f"Version {in_the_way.number} is in review. Take it back or publish it first.",
            code="draft_exists",
        )
    if set_aside_revision is None:
        raise Refused(
            f"Version {in_the_way.number} is still a draft. Set it aside first; it stays in the "
            "history.",
            code="draft_exists",
        )
    if set_aside_revision != in_the_way.revision:
        raise Stale(
            f"{in_the_way.saved_by or 'Somebody'} edited version {in_the_way.number} after you "
            "opened it. Read it again before you set it aside.",
            code="stale",
        )
    archive_locked(in_the_way, actor=actor)
