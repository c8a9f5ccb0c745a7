"""Which items an adjudicator settles."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.adjudication.drafts import Given, levels_apart_needed
from annotation.desk import services as desk
from annotation.models import Queue
from annotation.queues.services import queue_close, queue_set_adjudicate_from
from tests.conftest import Cast
from tests.support.adjudication import listed, make_final, settle, take
from tests.support.desk import RUBRIC, Desk, build_desk
from webapp.errors import Refused

EMPATHY, ASKS, SAFE = RUBRIC.judge_criteria


def _positions(at_desk: Desk) -> list[int]:
    return [row.position for row in listed(at_desk, at_desk.cast.clinicians[0])]


def test_items_that_are_far_enough_apart_are_listed(apart: Desk) -> None:
    first, second = listed(apart, apart.cast.clinicians[0])
    assert (first.position, first.apart, first.uids, first.state) == (0, 3, ["empathy"], "open")
    assert (second.position, second.apart) == (3, 3)
    assert not first.is_flagged and not first.is_own


def test_the_lead_sets_how_far(apart: Desk) -> None:
    lead = apart.cast.leads[0]
    for levels, positions in ((1, [0, 2, 3]), (3, [0, 3]), (4, [])):
        queue_set_adjudicate_from(queue=apart.queue, actor=lead, levels=levels)
        assert _positions(apart) == positions
    for levels in (0, 11):
        with pytest.raises(Refused):
            queue_set_adjudicate_from(queue=apart.queue, actor=lead, levels=levels)


def test_on_a_short_scale_its_two_ends_are_far_enough_apart() -> None:
    assert [levels_apart_needed(c, 2) for c in (EMPATHY, ASKS, SAFE)] == [2, 2, 1]
    assert levels_apart_needed(ASKS, 5) == 2
    assert Given(SAFE, [0, 1], 1).is_disputed


def test_a_level_against_does_not_apply_is_disputed_whatever_the_setting(cast: Cast) -> None:
    assert Given(EMPATHY, [3, "na"], 4).is_disputed
    assert not Given(EMPATHY, ["na", "na"], 4).is_disputed
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, raters=[ana, ben])
    queue_set_adjudicate_from(queue=at_desk.queue, actor=cast.leads[0], levels=4)
    for user, answer in ((ana, 1), (ben, "na"), (ana, "na"), (ben, "na")):
        at_desk.rate(user, safe=answer)
    make_final()
    (row,) = listed(at_desk, at_desk.cast.clinicians[0])
    assert (row.position, row.apart, row.uids) == (0, 0, ["safe"])


def test_an_item_with_a_concern_is_listed(apart: Desk) -> None:
    ana, ben, _ = apart.cast.annotators
    held = apart.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    desk.submit(assignment=held, draft={"scores": {"empathy": 3, "asks": 0, "safe": 1}})
    # Ben still has to rate it.
    make_final()
    assert _positions(apart) == [0, 3]
    apart.rate(ben, empathy=3, safe=1)
    make_final()
    row = listed(apart, apart.cast.leads[0])[-1]
    assert (row.position, row.apart, row.is_flagged) == (4, 0, True)


def test_a_submit_that_can_be_taken_back_is_waited_for(apart: Desk) -> None:
    ana, ben, _ = apart.cast.annotators
    apart.rate(ana, empathy=1)
    last = apart.rate(ben, empathy=5)
    assert _positions(apart) == [0, 3]
    make_final()
    assert _positions(apart) == [0, 3, 4]
    assert last.item.position == 4


def test_a_closed_queue_waits_for_nobody(apart: Desk) -> None:
    ana, ben, _ = apart.cast.annotators
    third = apart.another_queue(*apart.cast.annotators, name="Three", overlap=3)
    for user, level in ((ana, 1), (ben, 5)):
        held = apart.claim(user, third)
        desk.submit(assignment=held, draft={"scores": {"empathy": level, "asks": 0, "safe": 1}})
    make_final()
    clinician = apart.cast.clinicians[0]
    assert listed(apart, clinician, third) == []
    queue_close(queue=third, actor=apart.cast.leads[0])
    assert [row.position for row in listed(apart, clinician, third)] == [0]


def test_whoever_has_a_place_sees_nothing_of_the_items_they_have_to_rate(apart: Desk) -> None:
    # Lead and annotator in one: blind to the whole second queue, which has the same items.
    both = apart.cast.leads[1]
    assert len(listed(apart, both)) == 2
    apart.another_queue(both)
    assert listed(apart, both) == []


def test_a_rater_of_the_item_does_not_settle_it(apart: Desk) -> None:
    both = apart.cast.leads[1]
    second = apart.another_queue(both)
    held = apart.claim(both, second)
    # By then others had rated it, so the desk gives this person none of those items.
    assert held.item.position == 4
    ana = apart.cast.annotators[0]
    assert [row.is_own for row in listed(apart, ana)] == [True, True]
    assert not any(row.is_free for row in listed(apart, ana))


def test_what_is_settled_stays_listed(apart: Desk) -> None:
    clinician = apart.cast.clinicians[0]
    settle(apart, clinician)
    taken = take(apart, apart.cast.clinicians[1])
    first, second = listed(apart, clinician)
    assert (first.state, first.is_mine, first.is_free) == ("settled", True, False)
    assert (second.state, second.is_mine, second.is_free) == ("held", False, False)
    assert second.adjudication_id == taken.pk
    queue_set_adjudicate_from(queue=apart.queue, actor=apart.cast.leads[0], levels=4)
    assert [row.state for row in listed(apart, clinician)] == ["settled"]


def test_many_items_and_queues_cost_no_more_queries(
    apart: Desk, django_assert_num_queries: Any
) -> None:
    from annotation.adjudication.waiting import listed_items

    member = apart.cast.member(apart.cast.clinicians[0])
    queues = list(Queue.objects.select_related("version__spec"))
    with CaptureQueriesContext(connection) as few:
        listed_items(member, queues)
    queue_set_adjudicate_from(queue=apart.queue, actor=apart.cast.leads[0], levels=1)
    apart.another_queue(*apart.cast.annotators)
    queues = list(Queue.objects.select_related("version__spec"))
    with django_assert_num_queries(len(few)):
        assert len(listed_items(member, queues)) == 3
