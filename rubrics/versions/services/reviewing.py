"""Somebody else reads a text before it is published."""

from django.db import transaction

from rubrics.core.spec import RubricSpec, validate
from rubrics.models import Review, RubricVersion
from rubrics.writing.services import lock_version, read_content
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.errors import Refused, Stale

Status = RubricVersion.Status
MAX_WORDS = 2000


def version_send_for_review(
    *, version: RubricVersion, actor: User, expected_revision: int | None = None
) -> RubricVersion:
    """Close the draft for writing until somebody approves it or takes it back."""
    with transaction.atomic():
        locked = lock_version(version)
        require_status(locked, Status.DRAFT, "sent for review")
        require_seen(locked, expected_revision)
        require_ready(read_content(locked.draft))
        locked.status = Status.IN_REVIEW
        locked.save(update_fields=["status"])
        audit.record("rubric_version.sent_for_review", actor=actor, object=locked)
    return locked


def version_withdraw_from_review(*, version: RubricVersion, actor: User) -> RubricVersion:
    """Open the version for writing again. An approval that it had is gone."""
    with transaction.atomic():
        locked = lock_version(version)
        require_status(locked, Status.IN_REVIEW, "taken back")
        _back_to_draft(locked)
        audit.record("rubric_version.withdrawn_from_review", actor=actor, object=locked)
    return locked


def version_approve(
    *, version: RubricVersion, actor: User, expected_revision: int | None = None
) -> RubricVersion:
    """Approve the text. The last person who wrote in it can't: two people have to have read it."""
    with transaction.atomic():
        locked = lock_version(version)
        require_status(locked, Status.IN_REVIEW, "approved")
        require_seen(locked, expected_revision)
        _require_another(locked, actor)
        if locked.approved_by_id is not None:
            raise Refused(f"{locked.approved_by} has already approved it.", code="approved")
        _review(locked, actor, Review.Verdict.APPROVED)
        locked.approved_by = actor
        locked.save(update_fields=["approved_by"])
        audit.record("rubric_version.approved", actor=actor, object=locked)
    return locked


def version_refuse(
    *, version: RubricVersion, actor: User, words: str, expected_revision: int | None = None
) -> RubricVersion:
    """Send the text back to its author with words: it is a draft again."""
    words = words.strip()
    if not words or len(words) > MAX_WORDS:
        raise Refused(f"Say in at most {MAX_WORDS:,} characters what has to change.", code="words")
    with transaction.atomic():
        locked = lock_version(version)
        require_status(locked, Status.IN_REVIEW, "sent back")
        require_seen(locked, expected_revision)
        _require_another(locked, actor)
        _review(locked, actor, Review.Verdict.REFUSED, words)
        _back_to_draft(locked)
        audit.record("rubric_version.refused", actor=actor, object=locked)
    return locked


def _back_to_draft(locked: RubricVersion) -> None:
    locked.status = Status.DRAFT
    locked.approved_by = None
    # The next round of review is about another text, even where nobody changes a word of it.
    locked.revision += 1
    locked.save(update_fields=["status", "approved_by", "revision"])


def _review(locked: RubricVersion, actor: User, verdict: str, words: str = "") -> None:
    Review.objects.create(
        project_id=locked.project_id,
        version=locked,
        reviewer=actor,
        revision=locked.revision,
        verdict=verdict,
        words=words,
    )


def _require_another(locked: RubricVersion, actor: User) -> None:
    if locked.saved_by_id == actor.pk:
        raise Refused(
            "You edited this version last, so another clinician or lead must review it.",
            code="own_version",
        )


def require_status(version: RubricVersion, status: str, done: str) -> None:
    if version.status != status:
        now = version.get_status_display().lower()
        raise Refused(f"Version {version.number} is {now} and can't be {done}.", code="status")


def require_seen(version: RubricVersion, revision: int | None) -> None:
    if revision is not None and revision != version.revision:
        raise Stale(
            f"{version.saved_by or 'Somebody'} changed the draft after you saw it. "
            "Read it again first.",
            code="stale",
        )


def require_ready(spec: RubricSpec) -> None:
    problems = validate(spec)
    if problems:
        first = " ".join(problem.message for problem in problems[:3])
        more = f" There are {len(problems) - 3} more problems." if len(problems) > 3 else ""
        raise Refused(f"Not ready yet. {first}{more}", code="problems")
