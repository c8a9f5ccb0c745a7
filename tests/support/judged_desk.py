"""Replies that two people agree on, and judges that gave the same replies levels of their own."""

from collections.abc import Sequence

import pytest

from annotation.ratings.services import NewScore, rater_for_judge, submit_rating
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.judge_runs import llm_judge
from webapp.llm.models import Endpoint

LEVELS = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 2, 4]


@pytest.fixture
def rated(cast: Cast) -> Desk:
    """Two people agree on twelve replies to six profiles."""
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, dialogues=6)
    levels = [{"empathy": level} for level in LEVELS]
    at_desk.rate_first({ana: levels, ben: levels})
    return at_desk


def judge_that_gives(at_desk: Desk, levels: Sequence[int | None]) -> Judge:
    """A judge that gave the first replies these levels of empathy; None: it does not apply."""
    endpoint, _ = Endpoint.objects.get_or_create(
        project=at_desk.cast.project, name="E", base_url="http://127.0.0.1:9/v1", model="m"
    )
    judge = llm_judge(at_desk.cast, endpoint)
    assert at_desk.version.spec is not None
    for item, level in zip(at_desk.queue.items.order_by("position"), levels, strict=False):
        submit_rating(
            target=item.target,
            spec=at_desk.version.spec,
            rater=rater_for_judge(judge=judge),
            purpose="judge",
            scores=[
                NewScore("empathy", level, status="scored" if level else "not_applicable"),
            ],
        )
    return judge
