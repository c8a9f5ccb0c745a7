"""Places that people hold, and what they may take back: the same at the desk, in adjudication and
in comparisons."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from annotation.models import Comparison, Queue, Rater
from annotation.models.desk import UNDO_WITHIN
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
