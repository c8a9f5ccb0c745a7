"""Take, keep, submit, undo and give back an adjudication."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.utils import timezone

from annotation.adjudication import services
from annotation.adjudication.access import item_to_adjudicate, own_adjudication
from annotation.adjudication.drafts import read_decisions
from annotation.models import Adjudication, Decision, Rating, Score
from annotation.ratings.drafts import BadDraft
from rubrics.core.spec import Outcome, total
from tests.conftest import Cast
from tests.support.adjudication import (
    DECIDED,
    build_apart,
    listed,
    settle,
    take,
)
from tests.support.desk import RUBRIC, Desk
from webapp.audit.models import Entry
from webapp.errors import Refused


def _expire(adjudication: Adjudication) -> None:
    Adjudication.objects.filter(pk=adjudication.pk).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )


def _submit(at_desk: Desk, own: Adjudication, **changes: Any) -> Adjudication:
    member = at_desk.cast.member(own.adjudicator.user)
    return services.submit(adjudication=own, member=member, draft={**DECIDED, **changes})


def _fresh(own: Adjudication) -> Adjudication:
    return Adjudication.objects.get(pk=own.pk)


# ---- claims


def test_items_come_in_order_and_one_in_hand_comes_first(apart: Desk) -> None:
    clara, carl = apart.cast.clinicians
    first = take(apart, clara)
    assert first.item.position == 0
    assert take(apart, clara).pk == first.pk
    assert take(apart, carl).item.position == 3
    assert (
        services.claim_next(queue=apart.queue, member=apart.cast.member(apart.cast.leads[0]))
        is None
    )


def test_it_begins_with_what_the_raters_agree_on(apart: Desk) -> None:
    own = take(apart, apart.cast.clinicians[0])
    assert own.draft["scores"] == {"asks": 0, "safe": "na"}


def test_a_lapsed_place_goes_to_the_next_and_its_draft_is_kept(apart: Desk) -> None:
    clara, carl = apart.cast.clinicians
    late = take(apart, clara)
    services.draft_save(adjudication=late, draft={"scores": {"empathy": 3}}, revision=0)
    _expire(late)
    assert take(apart, carl).item.position == 0
    assert (_fresh(late).state, _fresh(late).draft["scores"]) == ("released", {"empathy": 3})
    kept = services.draft_save(adjudication=late, draft={"scores": {"empathy": 1}}, revision=1)
    assert not kept.is_held
    with pytest.raises(Refused, match="somebody else has it now") as refusal:
        _submit(apart, late)
    assert refusal.value.code == "taken"
    assert _fresh(late).draft["scores"] == DECIDED["scores"]
    assert Rating.objects.filter(purpose="adjudication").count() == 0


def test_a_late_submit_counts_while_nobody_else_has_the_item(apart: Desk) -> None:
    late = take(apart, apart.cast.clinicians[0])
    _expire(late)
    assert _submit(apart, late).rating is not None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_many_who_claim_at_once_settle_each_item_once(cast: Cast) -> None:
    at_desk = build_apart(cast)
    people = [*cast.clinicians, *cast.leads]
    barrier = Barrier(len(people))

    def work(user: Any) -> int:
        barrier.wait(10)
        done, member = 0, cast.member(user)
        try:
            while own := services.claim_next(queue=at_desk.queue, member=member):
                services.submit(adjudication=own, member=member, draft=DECIDED)
                done += 1
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(len(people)) as pool:
        done = list(pool.map(work, people))
    assert sum(done) == 2
    assert Rating.objects.filter(purpose="adjudication").count() == 2


def test_who_may_not_settle_gets_nothing(apart: Desk) -> None:
    ana = apart.cast.member(apart.cast.annotators[0])
    item = apart.queue.items.get(position=0)
    # She rated it herself, whatever role she has.
    assert services.claim_next(queue=apart.queue, member=ana) is None
    with pytest.raises(Http404):
        item_to_adjudicate(ana, item.pk)
    clara = apart.cast.member(apart.cast.clinicians[0])
    assert item_to_adjudicate(clara, item.pk).pk == item.pk
    with pytest.raises(Http404):
        item_to_adjudicate(clara, apart.queue.items.get(position=1).pk)
    with pytest.raises(Http404):
        own_adjudication(clara, take(apart, apart.cast.leads[0]).pk)


def test_an_adjudicator_who_becomes_a_rater_settles_nothing(apart: Desk) -> None:
    both = apart.cast.leads[1]
    own = take(apart, both)
    apart.another_queue(both)
    with pytest.raises(Http404):
        own_adjudication(apart.cast.member(both), own.pk)
    with pytest.raises(Refused, match="become a rater"):
        _submit(apart, own)


# ---- submit


def test_a_submit_makes_the_reference_with_its_decisions(apart: Desk) -> None:
    own = settle(apart, apart.cast.clinicians[0])
    rating = own.rating
    assert rating is not None
    assert (rating.purpose, rating.rater.user) == ("adjudication", apart.cast.clinicians[0])
    scores = {score.criterion_uid: score for score in rating.scores.all()}
    assert (scores["empathy"].value, scores["asks"].value) == (2, 0)
    assert scores["empathy"].rationale == DECIDED["rationales"]["empathy"]
    assert scores["safe"].status == "not_applicable"
    decision = Decision.objects.get(score=scores["empathy"])
    assert decision.cause == "ambiguous_rubric"
    assert sorted(row.score.value or 0 for row in decision.overridden.all()) == [1, 4]
    assert Decision.objects.exclude(pk=decision.pk).filter(overridden__isnull=False).count() == 0
    # The same submit again is the same rating.
    assert _submit(apart, own).rating_id == rating.pk
    assert Entry.objects.filter(action="adjudication.submitted").count() == 1
    # Another window's other decision is not thanked for.
    with pytest.raises(Refused, match="Not submitted: you settled this in another window"):
        _submit(apart, own, scores=DECIDED["scores"] | {"empathy": 3})
    assert rating.scores.get(criterion_uid="empathy").value == 2


@pytest.mark.parametrize(
    ("changes", "uid", "words"),
    [
        ({"scores": {"asks": 0, "safe": "na"}}, "empathy", "Empathy needs a level"),
        ({"causes": {}}, "empathy", "Empathy needs a cause"),
        ({"rationales": {"empathy": " "}}, "empathy", "Empathy needs a reason"),
        ({"scores": {"empathy": 2, "asks": 1, "safe": "na"}}, "asks", "Asking needs a reason"),
        ({"causes": {}, "rationales": {}}, "empathy", "needs a cause and a reason"),
        # Nobody differs on it.
        ({"causes": {"empathy": "hard_case", "asks": "legitimate_difference"}}, "asks", "a level"),
    ],
)
def test_what_is_missing_is_named(
    apart: Desk, changes: dict[str, Any], uid: str, words: str
) -> None:
    own = take(apart, apart.cast.clinicians[0])
    with pytest.raises(services.Incomplete, match=words) as incomplete:
        _submit(apart, own, **changes)
    assert incomplete.value.missing == [uid]
    assert _fresh(own).state == "reserved"


def test_a_level_that_a_rater_gave_needs_no_reason(apart: Desk) -> None:
    scores = DECIDED["scores"] | {"empathy": 4}
    own = _submit(apart, take(apart, apart.cast.leads[0]), scores=scores, rationales={})
    decision = Decision.objects.get(adjudication=own, cause="ambiguous_rubric")
    assert [row.score.value for row in decision.overridden.all()] == [1]


def test_a_legitimate_difference_sets_no_level_and_no_total(apart: Desk) -> None:
    causes = {"empathy": "legitimate_difference"}
    own = _submit(apart, take(apart, apart.cast.clinicians[0]), causes=causes)
    score = Score.objects.get(rating=own.rating, criterion_uid="empathy")
    assert (score.status, score.value) == (Score.Status.NOT_SCORED, None)
    assert score.reason == services.ALL_STAND
    assert score.decision.overridden.count() == 0
    outcomes = {s.criterion_uid: Outcome(s.status, s.value) for s in own.rating.scores.all()}
    assert total(RUBRIC, outcomes) is None


@pytest.mark.parametrize(
    "draft",
    [
        {"causes": []},
        {"causes": {"format": "hard_case"}},
        {"causes": {"empathy": "bad luck"}},
        {"causes": {"empathy": ["hard_case"]}},
        {"scores": {"empathy": 9}},
        None,
    ],
)
def test_what_is_no_draft(draft: Any) -> None:
    with pytest.raises(BadDraft):
        read_decisions(RUBRIC, draft)


def test_a_draft_of_another_window_is_not_overwritten(apart: Desk) -> None:
    own = take(apart, apart.cast.clinicians[0])
    services.draft_save(adjudication=own, draft=DECIDED, revision=0)
    with pytest.raises(services.StaleDraft) as stale:
        services.draft_save(adjudication=own, draft={}, revision=0)
    assert (stale.value.revision, stale.value.draft["causes"]) == (1, DECIDED["causes"])
    member = apart.cast.member(apart.cast.clinicians[0])
    with pytest.raises(services.StaleDraft):
        services.submit(
            adjudication=own,
            member=member,
            draft={**DECIDED, "causes": {"empathy": "hard_case"}},
            revision=0,
        )


def test_what_is_submitted_never_changes(apart: Desk) -> None:
    own = settle(apart, apart.cast.clinicians[0])
    decision = own.decisions.first()
    changes = (
        lambda: Adjudication.objects.filter(pk=own.pk).update(draft={}),
        lambda: Adjudication.objects.filter(pk=own.pk).update(
            adjudicator=apart.rater(apart.cast.leads[0])
        ),
        lambda: Decision.objects.filter(pk=decision.pk).update(cause="hard_case"),
        decision.delete,
    )
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_two_people_can_not_hold_one_item(apart: Desk) -> None:
    own = take(apart, apart.cast.clinicians[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        Adjudication.objects.create(
            project=own.project,
            item=own.item,
            adjudicator=apart.rater(apart.cast.leads[0]),
            leased_until=timezone.now(),
        )


# ---- undo, give back


def test_undo_withdraws_the_rating_and_opens_the_item_again(apart: Desk) -> None:
    clara = apart.cast.clinicians[0]
    own = settle(apart, clara)
    services.undo(adjudication=own, member=apart.cast.member(clara))
    row = _fresh(own)
    assert (row.state, row.rating_id, row.draft["causes"]) == ("reserved", None, DECIDED["causes"])
    assert Rating.objects.get(purpose="adjudication").withdrawn_at is not None
    assert take(apart, clara).pk == own.pk
    again = _submit(apart, row, scores=DECIDED["scores"] | {"empathy": 3})
    current = Rating.objects.get(purpose="adjudication", withdrawn_at=None)
    assert again.rating_id == current.pk
    # What was decided first stays with the rating that was withdrawn.
    assert Decision.objects.filter(adjudication=own).count() == 6


def test_undo_is_over_after_a_minute(apart: Desk) -> None:
    clara = apart.cast.clinicians[0]
    own = settle(apart, clara)
    Adjudication.objects.filter(pk=own.pk).update(
        submitted_at=timezone.now() - timedelta(seconds=61)
    )
    with pytest.raises(Refused, match="one minute"):
        services.undo(adjudication=own, member=apart.cast.member(clara))
    assert Rating.objects.get(purpose="adjudication").withdrawn_at is None


def test_an_item_that_is_given_back_is_free_for_others(apart: Desk) -> None:
    clara, carl = apart.cast.clinicians
    own = take(apart, clara)
    services.draft_save(adjudication=own, draft=DECIDED, revision=0)
    services.release(adjudication=own, member=apart.cast.member(clara))
    assert [row.state for row in listed(apart, clara)] == ["open", "open"]
    assert take(apart, carl).item_id == own.item_id
    with pytest.raises(Refused, match="Somebody else"):
        services.claim(item=own.item, member=apart.cast.member(clara))
    assert _fresh(own).draft["causes"] == DECIDED["causes"]
