"""From a draft to a published version: review, approval, freezing."""

from django.db import transaction
from django.utils import timezone

from rubrics.drafts import settle_meanings
from rubrics.models import Criterion, Level, Rubric, RubricVersion, Spec
from rubrics.services.drafting import lock_version, read_content
from rubrics.spec import (
    SPEC_FORMAT,
    CriterionSpec,
    RubricSpec,
    criterion_hash,
    from_json,
    spec_hash,
    to_json,
    validate,
)
from webapp.accounts.models import Membership, Project, Role, User
from webapp.audit import services as audit
from webapp.errors import Refused, Stale

Status = RubricVersion.Status
MAX_NOTE = 2000


def freeze_spec(*, project: Project, content: object) -> Spec:
    """The project's Spec with this text: the row there is, or a new one. The text need not be
    ready for publishing: judging a draft freezes what stands there now."""
    return _freeze(project, read_content(content))


def approval_needed(project: Project) -> bool:
    """Whether somebody else has to approve a version: a project setting, and pointless where
    one person alone writes rubrics (DECISIONS 10)."""
    if not project.needs_approval:
        return False
    authors = Membership.objects.filter(
        project=project, role__in=[Role.CLINICIAN, Role.LEAD], user__is_active=True
    )
    return authors.values("user_id").distinct().count() > 1


def version_send_for_review(
    *, version: RubricVersion, actor: User, expected_revision: int | None = None
) -> RubricVersion:
    """Close the draft for writing until somebody approves it or takes it back."""
    with transaction.atomic():
        locked = lock_version(version)
        _require_status(locked, Status.DRAFT, "sent for review")
        _require_seen(locked, expected_revision)
        _require_ready(read_content(locked.draft))
        locked.status = Status.IN_REVIEW
        locked.save(update_fields=["status"])
        audit.record("rubric_version.sent_for_review", actor=actor, object=locked)
    return locked


def version_withdraw_from_review(*, version: RubricVersion, actor: User) -> RubricVersion:
    """Open the version for writing again. An approval that it had is gone."""
    with transaction.atomic():
        locked = lock_version(version)
        _require_status(locked, Status.IN_REVIEW, "taken back")
        locked.status = Status.DRAFT
        locked.approved_by = None
        locked.save(update_fields=["status", "approved_by"])
        audit.record("rubric_version.withdrawn_from_review", actor=actor, object=locked)
    return locked


def version_approve(*, version: RubricVersion, actor: User) -> RubricVersion:
    """Approve the text. The last person who wrote in it can't: two people have to have read it."""
    with transaction.atomic():
        locked = lock_version(version)
        _require_status(locked, Status.IN_REVIEW, "approved")
        if locked.saved_by_id == actor.pk:
            raise Refused(
                "You wrote in this version last, so another clinician or lead approves it.",
                code="own_version",
            )
        if locked.approved_by_id is not None:
            raise Refused(f"{locked.approved_by} has approved it already.", code="approved")
        locked.approved_by = actor
        locked.save(update_fields=["approved_by"])
        audit.record("rubric_version.approved", actor=actor, object=locked)
    return locked


def version_publish(
    *,
    version: RubricVersion,
    actor: User,
    change_note: str = "",
    expected_revision: int | None = None,
) -> RubricVersion:
    """Freeze the draft's text as a Spec and make it the newest published version.

    `expected_revision`, where given, is the text that the actor has seen. Raises Refused with
    the problems of the text, without the approval that it needs, and to the second of two who
    publish at once. The version published before stays published.
    """
    if len(change_note) > MAX_NOTE:
        raise Refused(f"The note has more than {MAX_NOTE:,} characters.", code="change_note")
    with transaction.atomic():
        locked = lock_version(version)
        _require_publishable(locked)
        _require_seen(locked, expected_revision)
        publish_locked(locked, actor=actor, change_note=change_note)
    return locked


def publish_locked(locked: RubricVersion, *, actor: User, change_note: str = "") -> None:
    """Publish a version that the caller has locked and may publish."""
    written = read_content(locked.draft)
    spec = settle_meanings(written, _published_meanings(locked.project, written))
    _require_ready(spec)
    locked.spec = _freeze(locked.project, spec)
    locked.draft = locked.spec.content
    locked.status = Status.PUBLISHED
    locked.self_approved = locked.approved_by_id is None
    locked.published_by = actor
    locked.published_at = timezone.now()
    locked.change_note = change_note.strip()
    _write_index(locked, spec)
    # Last, because from here on the database refuses changes.
    locked.save()
    Rubric.objects.filter(pk=locked.rubric_id).update(name=spec.title.strip())
    audit.record(
        "rubric_version.published",
        actor=actor,
        object=locked,
        number=locked.number,
        spec=locked.spec.hash,
        self_approved=locked.self_approved,
    )


def version_archive(*, version: RubricVersion, actor: User) -> RubricVersion:
    """Take a published version out of use. What it rated keeps it."""
    with transaction.atomic():
        locked = lock_version(version)
        _require_status(locked, Status.PUBLISHED, "archived")
        locked.status = Status.ARCHIVED
        locked.save(update_fields=["status"])
        audit.record("rubric_version.archived", actor=actor, object=locked)
    return locked


def _require_publishable(version: RubricVersion) -> None:
    if not version.is_open:
        raise Refused(
            f"Version {version.number} is already published, by {version.published_by}.",
            code="already_published",
        )
    if version.approved_by_id is None and approval_needed(version.project):
        wanted = (
            f"Version {version.number} waits for approval by another clinician or lead."
            if version.status == Status.IN_REVIEW
            else "In this project another clinician or lead approves a version before it is "
            "published. Send it for review first."
        )
        raise Refused(wanted, code="needs_approval")


def _require_status(version: RubricVersion, status: str, done: str) -> None:
    if version.status != status:
        now = version.get_status_display().lower()
        raise Refused(f"Version {version.number} is {now} and can't be {done}.", code="status")


def _require_seen(version: RubricVersion, revision: int | None) -> None:
    if revision is not None and revision != version.revision:
        raise Stale(
            f"{version.saved_by or 'Somebody'} changed the draft after you saw it. "
            "Read it again first.",
            code="stale",
        )


def _require_ready(spec: RubricSpec) -> None:
    problems = validate(spec)
    if problems:
        first = " ".join(problem.message for problem in problems[:3])
        more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
        raise Refused(f"Not ready yet. {first}{more}", code="problems")


def _published_meanings(project: Project, spec: RubricSpec) -> dict[str, CriterionSpec]:
    """For each meaning of the spec that the project has published, a criterion that has it.
    One is enough: all that were published with a meaning are alike in what makes it up."""
    rows = (
        Criterion.objects.filter(
            project=project, meaning_id__in=[c.meaning_id for c in spec.criteria]
        )
        .order_by("meaning_id", "pk")
        .distinct("meaning_id")
        .select_related("version__spec")
    )
    specs = {
        row.version.spec_id: from_json(row.version.spec.content)
        for row in rows
        if row.version.spec is not None
    }
    return {row.meaning_id: specs[row.version.spec_id].criteria[row.position] for row in rows}


def _freeze(project: Project, spec: RubricSpec) -> Spec:
    found, _ = Spec.objects.get_or_create(
        project=project,
        hash=spec_hash(spec),
        defaults={"spec_format": SPEC_FORMAT, "content": to_json(spec)},
    )
    return found


def _write_index(version: RubricVersion, spec: RubricSpec) -> None:
    """Criterion and Level rows, which the database lets queries and links use."""
    rows = [
        Criterion(
            project_id=version.project_id,
            version=version,
            position=position,
            uid=criterion.uid,
            meaning_id=criterion.meaning_id,
            criterion_hash=criterion_hash(criterion),
            name=criterion.name,
            kind=criterion.kind,
        )
        for position, criterion in enumerate(spec.criteria)
    ]
    Criterion.objects.bulk_create(rows)
    Level.objects.bulk_create(
        Level(
            project_id=version.project_id,
            criterion=row,
            value=level.value,
            label=level.label,
            anchor=level.anchor,
        )
        for row, criterion in zip(rows, spec.criteria, strict=True)
        for level in criterion.levels
    )
