"""A queue whose raters differ: two of its six items are two levels apart or more."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.adjudication import services
from annotation.adjudication.access import own_adjudication
from annotation.adjudication.waiting import ListedItem, listed_items
from annotation.models import Adjudication, Assignment, Queue
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from webapp.accounts.models import User

# The level of empathy of each item, from each of the two annotators.
APART = {"empathy": ((1, 4), (3, 3), (2, 3), (5, 2))}
# What decides everything about the first item. The raters gave the same on the other criteria.
DECIDED: dict[str, Any] = {
    "scores": {"empathy": 2, "asks": 0, "safe": "na"},
    "causes": {"empathy": "ambiguous_rubric"},
    "rationales": {"empathy": "It names the feeling, but would fit anyone."},
}


def make_final() -> None:
    """The minute in which a submit can be taken back is over."""
    Assignment.objects.filter(state="submitted").update(
        submitted_at=timezone.now() - timedelta(minutes=2)
    )


def build_apart(cast: Cast, **changes: Any) -> Desk:
    """Ana and Ben have rated four of six items, and nothing can be taken back."""
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, **{"raters": [ana, ben], **changes})
    of_ana, of_ben = zip(*APART["empathy"], strict=True)
    at_desk.rate_first(
        {
            ana: [{"empathy": level} for level in of_ana],
            ben: [{"empathy": level} for level in of_ben],
        }
    )
    make_final()
    return at_desk


def listed(at_desk: Desk, user: User, queue: Queue | None = None) -> list[ListedItem]:
    chosen = Queue.objects.select_related("version__spec").get(pk=(queue or at_desk.queue).pk)
    return listed_items(at_desk.cast.member(user), [chosen])


def take(at_desk: Desk, user: User) -> Adjudication:
    """The next item for this adjudicator, as the views fetch it."""
    member = at_desk.cast.member(user)
    claimed = services.claim_next(queue=at_desk.queue, member=member)
    assert claimed is not None
    return own_adjudication(member, claimed.pk)


def settle(at_desk: Desk, user: User, **changes: Any) -> Adjudication:
    """Take the next item and decide it."""
    return services.submit(
        adjudication=take(at_desk, user),
        member=at_desk.cast.member(user),
        draft={**DECIDED, **changes},
        active_seconds=20,
    )


@pytest.fixture
def apart(cast: Cast) -> Desk:
    return build_apart(cast)
