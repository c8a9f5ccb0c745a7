"""The items of queues that an adjudicator settles. The list is read from the ratings each time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from annotation.adjudication.drafts import levels_apart_needed
from annotation.models import Queue, Rating
from annotation.models.desk import UNDO_WITHIN
from annotation.ratings.blindness import blind_among
from rubrics.core.spec import from_json
from webapp.accounts.access import Member

OPEN, HELD, SETTLED = "open", "held", "settled"
# Who gave one of these to a text is one of its raters.
OWN_LOOKS = (Rating.Purpose.DESK, Rating.Purpose.GOLD, Rating.Purpose.NORMING)


@dataclass(frozen=True)
class ListedItem:
    """An item of the list. `uids`: the criteria whose raters are too far apart, or only some of
    whom said that the criterion does not apply. `is_own`: this member rated it, so somebody else
    has to settle it."""

    item_id: UUID
    queue_id: UUID
    position: int
    target_id: UUID
    apart: int
    uids: Sequence[str]
    is_flagged: bool
    state: str
    adjudication_id: UUID | None
    adjudicator_id: UUID | None
    leased_until: datetime | None
    is_mine: bool
    is_own: bool

    @property
    def is_free(self) -> bool:
        """Whether this member may settle it now."""
        return not self.is_own and (self.state == OPEN or (self.state == HELD and self.is_mine))


# An item is listed once nobody will rate it any more and no submit can be taken back: all its
# ratings are there, or the queue is closed. What was settled stays listed, whatever the setting.
_LISTED = """
WITH steps AS (
    SELECT * FROM jsonb_to_recordset(%(steps)s::jsonb)
        AS step(queue uuid, uid text, value float8, place int, needed int)
), apart AS (
    SELECT assignment.item_id, score.criterion_uid AS uid,
        coalesce(max(place) - min(place), 0) AS apart,
        max(place) - min(place) >= max(needed)
            OR count(place) > 0 AND bool_or(score.status = 'not_applicable') AS is_disputed
    FROM annotation_assignment assignment
    JOIN annotation_item item ON item.id = assignment.item_id
    JOIN annotation_score score ON score.rating_id = assignment.rating_id
    LEFT JOIN steps ON steps.queue = item.queue_id AND steps.uid = score.criterion_uid
        AND steps.value = score.value
    WHERE item.queue_id = ANY(%(queues)s) AND (%(item)s::uuid IS NULL OR item.id = %(item)s)
        AND assignment.state = 'submitted'
    GROUP BY assignment.item_id, score.criterion_uid
), disputed AS (
    SELECT item_id, max(apart) AS apart, array_agg(uid) AS uids
    FROM apart WHERE is_disputed GROUP BY item_id
), places AS (
    SELECT assignment.item_id,
        count(*) FILTER (WHERE state = 'submitted') AS rated,
        bool_or(state = 'submitted' AND submitted_at > %(sure)s) AS is_fresh,
        bool_or(flagged_at IS NOT NULL) AS is_flagged
    FROM annotation_assignment assignment
    JOIN annotation_item item ON item.id = assignment.item_id
    WHERE item.queue_id = ANY(%(queues)s) AND (%(item)s::uuid IS NULL OR item.id = %(item)s)
    GROUP BY assignment.item_id
)
SELECT item.id, item.queue_id, item.position, item.target_id,
    coalesce(disputed.apart, 0), coalesce(disputed.uids, '{}'), places.is_flagged,
    CASE WHEN work.state = 'submitted' THEN 'settled'
        WHEN work.leased_until > %(now)s THEN 'held' ELSE 'open' END,
    work.id, work.adjudicator_id, work.leased_until,
    coalesce(adjudicator.user_id = %(user)s, false),
    EXISTS (
        SELECT FROM annotation_rating rating
        JOIN annotation_rater rater ON rater.id = rating.rater_id
        WHERE rating.target_id = item.target_id AND rating.withdrawn_at IS NULL
            AND rating.purpose = ANY(%(looks)s) AND rater.user_id = %(user)s
    )
FROM places
JOIN annotation_item item ON item.id = places.item_id
JOIN annotation_queue queue ON queue.id = item.queue_id
LEFT JOIN disputed ON disputed.item_id = item.id
LEFT JOIN annotation_adjudication work
    ON work.item_id = item.id AND work.state IN ('reserved', 'submitted')
LEFT JOIN annotation_rater adjudicator ON adjudicator.id = work.adjudicator_id
WHERE work.state = 'submitted' OR (
    (disputed.item_id IS NOT NULL OR places.is_flagged) AND NOT places.is_fresh
    AND (places.rated >= queue.overlap OR queue.closed_at IS NOT NULL)
)
ORDER BY queue.number DESC, item.position
"""


def listed_items(
    member: Member, queues: Sequence[Queue], *, item_id: UUID | None = None
) -> list[ListedItem]:
    """The items of these queues, or the one item, without those that this member is blind to.

    The queues come with their `version__spec`. The number of queries is constant.
    """
    values: dict[str, Any] = {
        "steps": json.dumps([step for queue in queues for step in _steps(queue)]),
        "queues": [queue.pk for queue in queues],
        "item": item_id,
        "sure": timezone.now() - UNDO_WITHIN,
        "now": timezone.now(),
        "looks": [str(look) for look in OWN_LOOKS],
        "user": member.user.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, values)
        rows = [ListedItem(*row) for row in cursor.fetchall()]
    hidden = blind_among(member.user, member.project, {row.target_id for row in rows})
    return [row for row in rows if row.target_id not in hidden]


def _steps(queue: Queue) -> list[dict[str, Any]]:
    """The place of each level on its scale, and how many places apart are a dispute."""
    spec = from_json(queue.version.spec.content)  # type: ignore[union-attr]
    return [
        {
            "queue": str(queue.pk),
            "uid": criterion.uid,
            "value": value,
            "place": place,
            "needed": levels_apart_needed(criterion, queue.adjudicate_from),
        }
        for criterion in spec.judge_criteria
        for place, value in enumerate(criterion.level_values)
    ]
