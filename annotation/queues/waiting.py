"""The queues that wait for one person, and how much there is for them in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from annotation.models import Queue, QueueRater
from annotation.ratings.blindness import read_items
from webapp.accounts.access import Member


class _Counts(NamedTuple):
    rated: int = 0
    skipped: int = 0
    left: int = 0
    free: int = 0
    back_at: datetime | None = None


@dataclass(frozen=True)
class WaitingQueue:
    """An open queue from the place of one of its raters."""

    queue: Queue
    rated: int
    skipped: int
    # Items that this person can still rate, with those that others hold at the moment.
    left: int
    free: int
    # When the first of the items that others hold comes back, if nobody finishes it.
    back_at: datetime | None

    @classmethod
    def of(cls, queue: Queue, counts: "_Counts | None") -> "WaitingQueue":
        return cls(queue, *(counts or _Counts()))

    @property
    def total(self) -> int:
        return self.rated + self.left


def waiting_queues(member: Member, *, queue_id: UUID | None = None) -> list[WaitingQueue]:
    """The open queues that this person has a place in, those with something to rate first."""
    places = QueueRater.objects.filter(
        project=member.project, user=member.user, queue__closed_at=None
    )
    if queue_id is not None:
        places = places.filter(queue_id=queue_id)
    queues = {
        place.queue_id: place.queue
        for place in places.select_related("queue__version__rubric", "queue__version__spec")
    }
    counts = _counted(member, list(queues))
    found = [WaitingQueue.of(queue, counts.get(pk)) for pk, queue in queues.items()]
    return sorted(found, key=lambda w: (w.free == 0, w.left == 0, w.queue.number))


# One pass over the items with the places taken at each. `done` and `taken` are the others'. What
# `blindness.read_items` names is not for this person.
_COUNTS = """
WITH items AS (
    SELECT item.queue_id, queue.overlap, item.id = ANY(%(read)s::uuid[]) AS is_read,
        max(state) FILTER (WHERE is_mine) AS mine,
        count(*) FILTER (WHERE NOT is_mine AND state = 'submitted') AS done,
        count(*) FILTER (WHERE NOT is_mine AND (state = 'submitted' OR is_held)) AS taken,
        min(leased_until) FILTER (WHERE NOT is_mine AND is_held) AS back
    FROM annotation_item item
    JOIN annotation_queue queue ON queue.id = item.queue_id
    JOIN annotation_queuerater place ON place.queue_id = queue.id AND place.user_id = %(user)s
    LEFT JOIN annotation_assignment assignment ON assignment.item_id = item.id
    LEFT JOIN annotation_rater rater ON rater.id = assignment.rater_id
    CROSS JOIN LATERAL (
        SELECT rater.user_id IS NOT DISTINCT FROM %(user)s AS is_mine,
            state = 'reserved' AND leased_until > %(now)s AS is_held
    ) AS known
    WHERE item.queue_id = ANY(%(queues)s)
    GROUP BY item.id, queue.overlap
), known AS (
    SELECT *, NOT is_read AND coalesce(mine NOT IN ('submitted', 'skipped'), true) AS is_open
    FROM items
)
SELECT queue_id,
    count(*) FILTER (WHERE mine = 'submitted'),
    count(*) FILTER (WHERE mine = 'skipped'),
    count(*) FILTER (WHERE is_open AND done < overlap),
    count(*) FILTER (WHERE is_open AND taken < overlap),
    min(back) FILTER (WHERE is_open AND done < overlap)
FROM known GROUP BY queue_id
"""


def _counted(member: Member, queues: Sequence[UUID]) -> dict[UUID, _Counts]:
    values: dict[str, Any] = {
        "user": member.user.pk,
        "now": timezone.now(),
        "queues": list(queues),
        "read": list(
            read_items(member.user, member.project.pk, queues).values_list("pk", flat=True)
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        return {queue: _Counts(*counts) for queue, *counts in cursor.fetchall()}
