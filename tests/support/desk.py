"""A small project with a queue: three dialogues of two exchanges, a published rubric of a check
and three criteria, and three annotators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from annotation.corpus import services as corpus
from annotation.corpus.set_query import SetQuery
from annotation.desk import services as desk
from annotation.leases import lease
from annotation.models import Assignment, Collection, Dialogue, Queue, Rater, Rating
from annotation.queues.services import queue_create
from annotation.ratings.drafts import read_draft
from annotation.ratings.services import NewRating, rater_for_person, submit_ratings
from annotation.sets import services as sets
from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, from_json
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.browser import (
    studio,  # noqa: F401
)
from tests.support.dialogues import parsed, published
from webapp.accounts.models import User


def _levels(*labels: str, first: int = 1) -> tuple[LevelSpec, ...]:
    return tuple(
        LevelSpec(first + place, label, f"Anchor of {label}.") for place, label in enumerate(labels)
    )


RUBRIC = RubricSpec(
    title="Care",
    guidance="Read *all* of it first.",
    criteria=(
        CriterionSpec("format", "m-format", "Format", kind="check", scale="binary", check="format"),
        CriterionSpec(
            "empathy",
            "m-empathy",
            "Empathy",
            description="Does the reply understand?",
            levels=_levels("Dismisses", "Names it", "Understands", "Deepens", "Meets"),
        ),
        CriterionSpec("asks", "m-asks", "Asking", levels=_levels("No", "Weak", "Strong", first=0)),
        CriterionSpec("safe", "m-safe", "Safety", scale="binary", gate=1),
    ),
)
GOLD = "guilty"
ACTIVE_S = 12
FULL: dict[str, dict[str, Any]] = {"scores": {"empathy": 4, "asks": 0, "safe": "na"}}


@dataclass(frozen=True)
class Desk:
    """The cast at work on one queue."""

    cast: Cast
    version: RubricVersion
    collection: Collection
    dialogues: list[Dialogue]
    queue: Queue

    def rater(self, user: User) -> Rater:
        return rater_for_person(project=self.cast.project, user=user)

    def claim(self, user: User, queue: Queue | None = None) -> Assignment:
        claimed = desk.claim_next(queue=queue or self.queue, rater=self.rater(user))
        assert claimed is not None
        return own(claimed)

    def rate(self, user: User, **levels: Any) -> Assignment:
        """Claim the next item and submit it."""
        return desk.submit(
            assignment=self.claim(user),
            draft={"scores": FULL["scores"] | levels},
            active_seconds=ACTIVE_S,
        )

    def rate_first(self, given: Mapping[User, Sequence[Mapping[str, Any] | None]]) -> None:
        """What `rate` leaves of the queue's first items, in a few statements, for tests of what
        comes after. None leaves an item out."""
        row = self.version.spec
        assert row is not None
        spec, raters = from_json(row.content), {user: self.rater(user) for user in given}
        places = [
            (item, raters[user], read_draft(spec, {"scores": FULL["scores"] | levels}))
            for item, of_item in zip(
                self.queue.items.select_related("target").order_by("position"),
                zip(*given.values(), strict=True),
                strict=False,
            )
            for user, levels in zip(given, of_item, strict=True)
            if levels is not None
        ]
        new = [
            NewRating(
                *(item.target, row, rater, Rating.Purpose.DESK),
                scores=[desk._score(criterion.uid, draft) for criterion in spec.judge_criteria],
                active_seconds=ACTIVE_S,
            )
            for item, rater, draft in places
        ]
        Assignment.objects.bulk_create(
            Assignment(
                project=self.cast.project,
                item=item,
                rater=rater,
                state=Assignment.State.SUBMITTED,
                leased_until=lease(self.queue),
                draft=draft.to_json(),
                draft_revision=1,
                draft_saved_at=made.rating.submitted_at,
                active_seconds=ACTIVE_S,
                rating=made.rating,
                submitted_at=made.rating.submitted_at,
            )
            for (item, rater, draft), made in zip(places, submit_ratings(new), strict=True)
        )

    def another_queue(self, *raters: User, name: str = "Another", **changes: Any) -> Queue:
        plan: dict[str, Any] = {
            "project": self.cast.project,
            "actor": self.cast.leads[0],
            "name": name,
            "version": self.version,
            "raters": list(raters),
            "collection": self.collection,
        }
        return queue_create(**(plan | changes))


def own(assignment: Assignment) -> Assignment:
    """An assignment as the views fetch it."""
    return Assignment.objects.select_related(
        "rater__user", "item__target", "item__queue__version__spec", "item__queue__project"
    ).get(pk=assignment.pk)


def build_desk(cast: Cast, *, dialogues: int = 3, overlap: int = 2, **changes: Any) -> Desk:
    placed = corpus.add_dialogues(
        project=cast.project,
        # Written for another emotion than the one that its replies name.
        parsed=[parsed(n, pairs=2, own_words=True, emotion=GOLD) for n in range(1, dialogues + 1)],
        source="kardiabench",
    )
    version = published(cast.project, RUBRIC)
    collection = sets.collection_create(
        project=cast.project, actor=cast.leads[0], name="All turns", query=SetQuery()
    )
    rows = Dialogue.objects.in_bulk([place.dialogue_id for place in placed])
    plan: dict[str, Any] = {
        "project": cast.project,
        "actor": cast.leads[0],
        "name": "First look",
        "version": version,
        "raters": [*cast.annotators, cast.leads[1]],
        "collection": collection,
        "overlap": overlap,
    }
    queue = queue_create(**(plan | changes))
    return Desk(cast, version, collection, [rows[p.dialogue_id] for p in placed], queue)


@pytest.fixture
def at_desk(cast: Cast) -> Desk:
    return build_desk(cast)
