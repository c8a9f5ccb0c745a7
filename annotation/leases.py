"""Leases, undo in time, and closing: the same at the desk, in adjudication and in comparisons."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.models import Comparison, Queue, Rater
from annotation.models.desk import UNDO_WITHIN
from webapp.accounts.access import require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.db import many_at_a_time, one_at_a_time
from webapp.errors import Refused


def lease(held: Queue | Comparison) -> datetime:
    """Until when a place that is taken now is kept."""
    return timezone.now() + timedelta(minutes=held.lease_minutes)


def lock_person(rater_id: UUID) -> None:
    """Let this person's other requests wait: two windows would take two places."""
    Rater.objects.select_for_update(no_key=True).get(pk=rater_id)


def require_time_to_undo(submitted_at: datetime | None, what: str) -> None:
    """Raises Refused where it is too late to take back `what`: “a rating”."""
    if submitted_at is None or timezone.now() - submitted_at > UNDO_WITHIN:
        raise Refused(
            f"You can take {what} back for one minute. It is too late for this one.",
            code="too_late",
        )


def hold_off_close(held_id: UUID) -> None:
    """Whoever closes or opens this queue or comparison waits until the present transaction ends.
    Take it before any other lock."""
    many_at_a_time(_closing(held_id))


def set_closed(held: Queue | Comparison, actor: User, action: str, *, closes: bool) -> bool:
    """Close or open it, after what is under way. False where it was so already."""
    require_open(held.project)
    with transaction.atomic():
        one_at_a_time(_closing(held.pk))
        closed_at = timezone.now() if closes else None
        rows = type(held).objects.filter(pk=held.pk, closed_at__isnull=closes)
        changed = rows.update(closed_at=closed_at)
        if changed:
            audit.record(action, actor=actor, object=held)
    held.closed_at = closed_at
    return bool(changed)


def _closing(held_id: UUID) -> str:
    return f"closing/{held_id}"
