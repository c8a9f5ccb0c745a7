"""Claims, drafts, submits, undo, skip and flag."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.desk import services as desk
from annotation.desk.places import own_assignment
from annotation.desk.queries import undoable
from annotation.desk.services import Incomplete, StaleDraft
from annotation.models import Assignment, Rating, Score
from annotation.queues.waiting import waiting_queues
from annotation.ratings.drafts import BadDraft, read_draft
from rubrics.core.spec import CriterionSpec, RubricSpec
from tests.conftest import Cast
from tests.support.desk import FULL, RUBRIC, Desk, build_desk, own
from webapp.audit.models import Entry
from webapp.errors import Refused


def _expire(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )


# ---- claims


def test_items_come_in_order_and_one_in_hand_comes_first(at_desk: Desk) -> None:
    ana, ben, _ = at_desk.cast.annotators
    first = at_desk.claim(ana)
    assert first.item.position == 0
    assert at_desk.claim(ana).pk == first.pk
    assert at_desk.claim(ben).item.position == 0
    at_desk.rate(ana)
    assert at_desk.claim(ana).item.position == 1


def test_nobody_beyond_the_overlap(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    assert at_desk.claim(ana).item.position == 0
    assert at_desk.claim(ben).item.position == 0
    assert at_desk.claim(cem).item.position == 1


def test_a_place_is_free_again_when_its_lease_is_over(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    late = at_desk.claim(ana)
    at_desk.claim(ben)
    _expire(late)
    assert at_desk.claim(cem).item.position == 0
    # Her place went to Cem; her draft is kept and she gets another item.
    assert at_desk.claim(ana).item.position == 1
    assert own(late).state == "released"


def test_an_expired_item_that_nobody_took_is_gone_on_with(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    late = at_desk.claim(ana)
    _expire(late)
    again = at_desk.claim(ana)
    assert again.pk == late.pk
    assert again.leased_until > timezone.now()


def test_none_is_left_only_when_that_is_true(cast: Cast) -> None:
    at_desk = build_desk(cast, dialogues=1, overlap=1)
    ana, ben, _ = cast.annotators
    held = at_desk.claim(ana)
    at_desk.rate(ben)
    assert desk.claim_next(queue=at_desk.queue, rater=at_desk.rater(ben)) is None
    waiting = waiting_queues(cast.member(ben))[0]
    assert (waiting.rated, waiting.left, waiting.free) == (1, 1, 0)
    assert waiting.back_at == held.leased_until
    _expire(held)
    assert at_desk.claim(ben).item_id == held.item_id


def test_a_draft_is_kept_and_renews_the_lease(at_desk: Desk) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    _expire(held)
    draft = {"scores": {"empathy": "3"}, "rationales": {"empathy": "She \x00is seen.", "asks": ""}}
    kept = desk.draft_save(assignment=held, draft=draft, revision=0, active_seconds="7.5")
    assert kept.is_held
    row = own(held)
    assert row.draft == {"scores": {"empathy": 3}, "rationales": {"empathy": "She is seen."}}
    assert (row.draft_revision, row.active_seconds) == (1, 7.5)
    assert row.leased_until > timezone.now()


def test_a_draft_of_another_window_is_not_overwritten(at_desk: Desk) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    desk.draft_save(assignment=held, draft={"scores": {"empathy": 3}}, revision=0)
    with pytest.raises(StaleDraft) as stale:
        desk.draft_save(assignment=held, draft={"scores": {"empathy": 1}}, revision=0)
    assert stale.value.revision == 1
    assert stale.value.draft["scores"] == {"empathy": 3}
    assert own(held).draft["scores"] == {"empathy": 3}


def test_a_submit_does_not_pass_over_a_draft_of_another_window(at_desk: Desk) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    other = {"scores": FULL["scores"] | {"empathy": 1}}
    desk.draft_save(assignment=held, draft=other, revision=0)
    with pytest.raises(StaleDraft):
        desk.submit(assignment=held, draft=FULL, revision=0)
    assert own(held).draft["scores"]["empathy"] == 1
    # What says the same is no other draft: its answer may have been lost on the way.
    assert desk.submit(assignment=held, draft=other, revision=0).rating is not None


def test_a_draft_is_kept_when_the_place_is_gone(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    held = at_desk.claim(ana)
    at_desk.claim(ben)
    _expire(held)
    at_desk.claim(cem)
    kept = desk.draft_save(assignment=held, draft={"scores": {"empathy": 2}}, revision=0)
    assert not kept.is_held
    assert own(held).draft["scores"] == {"empathy": 2}


@pytest.mark.parametrize(
    "draft",
    [
        None,
        [],
        {"scores": []},
        {"scores": {"format": 1}},
        {"scores": {"other": 1}},
        {"scores": {"empathy": 6}},
        {"scores": {"empathy": True}},
        {"scores": {"empathy": 2.5}},
        {"scores": {"empathy": None}},
        {"scores": {"empathy": [3]}},
        {"rationales": {"empathy": 3}},
        {"rationales": {"empathy": "x" * 10_001}},
    ],
)
def test_what_is_no_draft(draft: Any) -> None:
    with pytest.raises(BadDraft):
        read_draft(RUBRIC, draft)


def test_a_criterion_with_points_is_met_or_not_met() -> None:
    rubric = RubricSpec("R", criteria=(CriterionSpec("a", "a", "A", scale="points", points=5.0),))
    assert read_draft(rubric, {"scores": {"a": "0"}}).scores == {"a": 0}
    with pytest.raises(BadDraft, match="one of these levels: 0, 1"):
        read_draft(rubric, {"scores": {"a": "na"}})


def test_equal_numbers_are_the_same_level() -> None:
    assert read_draft(RUBRIC, {"scores": {"empathy": 2.0}}).scores == {"empathy": 2}


@pytest.mark.parametrize("seconds", ["x", "inf", float("nan"), -1, None, True, [], 10**400])
def test_a_clock_that_lies_is_refused(at_desk: Desk, seconds: Any) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    with pytest.raises(BadDraft):
        desk.draft_save(assignment=held, draft={}, revision=0, active_seconds=seconds)


# ---- submit


def test_a_submit_makes_one_rating(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    held = at_desk.claim(ana)
    draft = FULL | {"rationales": {"empathy": "Names the loneliness."}}
    done = desk.submit(assignment=held, draft=draft, active_seconds=31)
    rating = done.rating
    assert rating is not None
    assert (rating.purpose, rating.rater.user, rating.active_seconds) == ("desk", ana, 31)
    scores = {score.criterion_uid: score for score in rating.scores.all()}
    assert set(scores) == {"empathy", "asks", "safe"}
    assert (scores["empathy"].value, scores["empathy"].rationale) == (4, "Names the loneliness.")
    assert scores["safe"].status == Score.Status.NOT_APPLICABLE
    # The same submit again is the same rating.
    assert desk.submit(assignment=held, draft=draft).rating_id == rating.pk
    assert Rating.objects.count() == 1


@pytest.mark.parametrize(
    "other", [{"scores": FULL["scores"] | {"empathy": 1}}, FULL | {"rationales": {"asks": "No."}}]
)
def test_a_second_window_with_another_rating_is_refused(at_desk: Desk, other: Any) -> None:
    held = at_desk.rate(at_desk.cast.annotators[0])
    with pytest.raises(Refused, match="Not submitted: you rated this in another window") as refusal:
        desk.submit(assignment=held, draft=other)
    assert refusal.value.code == "submitted"
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 4


def test_a_missing_criterion_is_named(at_desk: Desk) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    with pytest.raises(Incomplete, match="Not rated yet: Empathy, Safety.") as incomplete:
        desk.submit(assignment=held, draft={"scores": {"asks": 1}})
    assert incomplete.value.missing == ["empathy", "safe"]
    assert Rating.objects.count() == 0


def test_a_late_submit_counts_while_it_is_needed(at_desk: Desk) -> None:
    held = at_desk.claim(at_desk.cast.annotators[0])
    _expire(held)
    assert desk.submit(assignment=held, draft=FULL).rating is not None


def test_a_surplus_rating_is_not_taken_and_its_draft_is_kept(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    held = at_desk.claim(ana)
    at_desk.rate(ben)
    _expire(held)
    at_desk.rate(cem)
    with pytest.raises(Refused, match="somebody else is rating it now") as refusal:
        desk.submit(assignment=held, draft=FULL)
    assert refusal.value.code == "full"
    assert own(held).draft["scores"] == FULL["scores"]
    assert own(held).state == "released"
    assert Rating.objects.count() == 2


def test_an_item_of_two_queues_is_rated_in_two_passes(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    second = at_desk.another_queue(ana)
    at_desk.rate(ana)
    done = desk.submit(assignment=at_desk.claim(ana, second), draft=FULL)
    assert done.rating is not None
    assert list(Rating.objects.values_list("pass_number", flat=True)) == [1, 2]


# ---- undo, skip, flag


def test_undo_withdraws_the_rating_and_opens_the_item_again(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    member = at_desk.cast.member(ana)
    done = at_desk.rate(ana)
    last = undoable(member)
    assert last is not None
    assert last.pk == done.pk
    assert 50 < last.left <= 60
    desk.undo(assignment=own_assignment(member, done.pk), actor=ana)
    row = own(done)
    assert (row.state, row.rating_id) == ("reserved", None)
    assert row.draft["scores"] == FULL["scores"]
    assert Rating.objects.get().withdrawn_at is not None
    assert undoable(member) is None
    assert at_desk.claim(ana).pk == done.pk
    desk.submit(assignment=row, draft={"scores": FULL["scores"] | {"empathy": 2}})
    current = Rating.objects.get(withdrawn_at=None)
    assert current.scores.get(criterion_uid="empathy").value == 2


def test_undo_is_over_after_a_minute(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    done = at_desk.rate(ana)
    Assignment.objects.filter(pk=done.pk).update(
        submitted_at=timezone.now() - timedelta(seconds=61)
    )
    with pytest.raises(Refused, match="one minute"):
        desk.undo(assignment=own(done), actor=ana)
    assert undoable(at_desk.cast.member(ana)) is None
    assert Rating.objects.get().withdrawn_at is None


def test_a_skipped_item_goes_to_others_and_can_be_taken_back(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    held = at_desk.claim(ana)
    desk.skip(assignment=held, actor=ana, reason="Too close to home.")
    assert own(held).skip_reason == "Too close to home."
    assert at_desk.claim(ana).item.position == 1
    assert at_desk.claim(ben).item.position == 0
    waiting = waiting_queues(at_desk.cast.member(ana))[0]
    assert (waiting.skipped, waiting.left) == (1, 5)
    # Opened again from the desk while there is room.
    assert desk.submit(assignment=own(held), draft=FULL).rating is not None
    assert at_desk.claim(cem).item.position == 1


def test_undo_after_a_skip_undoes_the_skip_and_not_the_rating_before(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    member = at_desk.cast.member(ana)
    rated = at_desk.rate(ana)
    held = at_desk.claim(ana)
    desk.skip(assignment=held, actor=ana, reason="Too long.")
    last = undoable(member)
    assert last is not None
    assert (last.pk, last.is_skip) == (held.pk, True)
    desk.undo(assignment=own(held), actor=ana)
    row = own(held)
    assert (row.state, row.skip_reason) == ("reserved", "")
    assert own(rated).state == "submitted"
    assert at_desk.claim(ana).pk == held.pk
    assert Entry.objects.filter(action="assignment.skip_undone").count() == 1
    # The rating before comes next, while it can be taken back.
    again = undoable(member)
    assert again is not None
    assert (again.pk, again.is_skip) == (rated.pk, False)


def test_a_skip_stays_where_the_item_is_somebody_else_s_by_now(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    held = at_desk.claim(ana)
    desk.skip(assignment=held, actor=ana)
    at_desk.claim(ben)
    at_desk.claim(cem)
    with pytest.raises(Refused, match="It stays skipped") as refusal:
        desk.undo(assignment=own(held), actor=ana)
    assert refusal.value.code == "full"
    assert own(held).state == "skipped"


def test_a_flag_needs_words_and_leaves_the_item_in_hand(at_desk: Desk) -> None:
    ana = at_desk.cast.annotators[0]
    held = at_desk.claim(ana)
    with pytest.raises(Refused):
        desk.flag(assignment=held, actor=ana, reason=" ")
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    row = own(held)
    assert (row.state, row.flag_reason) == ("reserved", "She speaks of self-harm.")
    assert row.flagged_at is not None
