"""From a reviewed text to a published version, and out of use again."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from rubrics.core.meaning import Unanswered, settle
from rubrics.core.spec import RubricSpec, spec_hash, to_json
from rubrics.models import MeaningChange, Rubric, RubricVersion
from rubrics.queries import approval_needed
from rubrics.versions.queries import published_meanings
from rubrics.versions.services.freezing import freeze, write_index
from rubrics.versions.services.reviewing import require_ready, require_seen, require_status
from rubrics.writing.services import lock_version, read_content, rubric_create
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused

Status = RubricVersion.Status
MAX_NOTE = 2000


def version_publish(
    *,
    version: RubricVersion,
    actor: User,
    change_note: str = "",
    meaning_changed: Mapping[str, bool] | None = None,
    expected_revision: int | None = None,
) -> RubricVersion:
    """Freeze the draft's text as a Spec and make it the newest published version.

    `meaning_changed` answers by uid, for each criterion that was published with another text,
    whether it means something else; a criterion whose scale changed needs no answer.
    `expected_revision`, where given, is the text that the actor has seen. Raises Refused with
    the problems of the text, without an answer or the approval that it needs, and to the second
    of two who publish at once. The version published before stays published.
    """
    if len(change_note) > MAX_NOTE:
        raise Refused(f"The note has more than {MAX_NOTE:,} characters.", code="change_note")
    with transaction.atomic():
        locked = lock_version(version)
        _require_publishable(locked)
        require_seen(locked, expected_revision)
        publish_locked(
            locked, actor=actor, change_note=change_note, meaning_changed=meaning_changed
        )
    return locked


def publish_locked(
    locked: RubricVersion,
    *,
    actor: User,
    change_note: str = "",
    meaning_changed: Mapping[str, bool] | None = None,
) -> None:
    """Publish a version that the caller has locked and may publish."""
    written = read_content(locked.draft)
    require_ready(written)
    try:
        spec, meanings = settle(
            written, published_meanings(locked.project, written), meaning_changed
        )
    except Unanswered as unanswered:
        raise Refused(
            f"Say whether the meaning of these criteria changed: {unanswered}. If it did not, "
            "their ratings carry over.",
            code="meaning",
        ) from unanswered
    locked.spec = freeze(locked.project, spec)
    locked.draft = locked.spec.content
    locked.status = Status.PUBLISHED
    locked.self_approved = locked.approved_by_id is None
    locked.published_by = actor
    locked.published_at = timezone.now()
    locked.change_note = change_note.strip()
    write_index(locked, spec)
    MeaningChange.objects.bulk_create(
        MeaningChange(
            project_id=locked.project_id,
            version=locked,
            uid=meaning.uid,
            changed=meaning.changed,
            forced=meaning.forced,
            suggested=meaning.suggested,
        )
        for meaning in meanings
    )
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
    """Take a published version out of use, or set a draft aside. What was rated by a version
    keeps it, and an archived text stays to be read and restored."""
    with transaction.atomic():
        locked = lock_version(version)
        archive_locked(locked, actor=actor)
    return locked


def archive_locked(locked: RubricVersion, *, actor: User) -> None:
    if locked.status == Status.DRAFT:
        locked.spec = freeze(locked.project, read_content(locked.draft))
    else:
        require_status(locked, Status.PUBLISHED, "archived")
    locked.status = Status.ARCHIVED
    locked.save(update_fields=["status", "spec"])
    audit.record("rubric_version.archived", actor=actor, object=locked)


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
            else "In this project another clinician or lead must approve a version before it is "
            "published. Send it for review first."
        )
        raise Refused(wanted, code="needs_approval")


def version_ensure(*, project: Project, actor: User, spec: RubricSpec) -> RubricVersion:
    """The project's published version with exactly this text; made where there is none.

    Nobody approves it: the ratings that it describes were given before it came here, and the
    note says where it is from.
    """
    with transaction.atomic():
        if found := _published(project, spec):
            return found
        # One at a time in a project, so that two imports make one rubric.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if found := _published(project, spec):
            return found
        rubric = rubric_create(project=project, actor=actor, name=spec.title, content=to_json(spec))
        version = lock_version(rubric.versions.get())
        publish_locked(version, actor=actor, change_note="Imported with the ratings of a data set.")
    return version


def _published(project: Project, spec: RubricSpec) -> RubricVersion | None:
    return (
        RubricVersion.objects.filter(
            project=project, spec__hash=spec_hash(spec), published_at__isnull=False
        )
        .select_related("spec")
        .order_by("published_at")
        .first()
    )
