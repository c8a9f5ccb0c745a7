"""Taking a pair, choosing and taking back: never more people than asked for, never two answers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotation.comparisons import judging, services
from annotation.comparisons.queries import shown_pair, undoable, waiting_comparisons
from annotation.comparisons.services import NewPair
from annotation.models import Comparison, PairJudgement
from annotation.models.desk import UNDO_WITHIN
from annotation.ratings.blindness import comparison_still_judging
from annotation.ratings.drafts import BadDraft
from tests.conftest import Cast
from tests.support.comparisons import (
    COLD,
    Judged,
    build_comparison,
    choice_for,
    new_pairs,
    reply,
)
from tests.support.locks import waiting
from tests.support.waiting import SHORT_S, wait_until
from webapp.accounts.models import User
from webapp.audit.models import Entry
from webapp.errors import Refused


def _expire(held: PairJudgement) -> None:
    PairJudgement.objects.filter(pk=held.pk).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )


def _own(held: PairJudgement) -> PairJudgement:
    return PairJudgement.objects.select_related("rater", "pair__comparison__project").get(
        pk=held.pk
    )


# ---- taking a pair


def test_nobody_beyond_the_overlap(cast: Cast) -> None:
    judged = build_comparison(cast, overlap=2)
    ana, ben, cem = cast.annotators
    assert [judged.claim(user).pair.position for user in (ana, ben, cem)] == [0, 0, 1]


def test_a_place_is_free_again_when_its_lease_is_over(judged: Judged) -> None:
    ana, ben, _ = judged.cast.annotators
    late = judged.claim(ana)
    _expire(late)
    assert judged.claim(ben).pair.position == 0
    assert judged.claim(ana).pair.position == 1
    assert _own(late).state == "released"
    with pytest.raises(Refused, match="somebody else is judging it now"):
        judging.judge(judgement=late, choice="a")
    assert _own(late).choice == ""


def test_a_late_choice_counts_while_the_pair_needs_it(judged: Judged) -> None:
    held = judged.claim(judged.cast.annotators[0])
    _expire(held)
    assert judging.judge(judgement=held, choice="a").state == "submitted"


def test_pairs_that_say_the_same_twice_are_given_to_nobody(cast: Cast) -> None:
    judged = build_comparison(cast, pairs=3, identical=2)
    ana = cast.annotators[0]
    assert waiting_comparisons(cast.member(ana))[0].total == 1
    judged.judge(ana, "tie")
    assert judging.claim_next(comparison=judged.comparison, rater=judged.rater(ana)) is None


def test_the_side_is_drawn_and_kept(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben, _ = judged.cast.annotators
    for bit, user in ((1, ana), (0, ben)):
        monkeypatch.setattr(judging.secrets, "randbits", lambda _, bit=bit: bit)
        held = judged.claim(user)
        assert held.first_is_a is bool(bit)
        monkeypatch.setattr(judging.secrets, "randbits", lambda _, bit=bit: 1 - bit)
        # The same after a reload, after a lease that ran out, and after an undo.
        _expire(held)
        assert judged.claim(user).first_is_a is bool(bit)
        judging.judge(judgement=held, choice="a")
        assert judging.undo(judgement=held, actor=user).first_is_a is bool(bit)
        shown = shown_pair(judged.cast.member(user), _own(held))
        first = shown.a if bit else shown.b
        assert first.text.startswith("Warm words")
        assert first.emotion == "lonely"
        assert [turn.role for turn in shown.turns] == ["seeker", "supporter", "seeker"]
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        PairJudgement.objects.filter(pk=held.pk).update(first_is_a=True)


def test_the_counts_of_a_person(cast: Cast) -> None:
    judged = build_comparison(cast, pairs=4)
    ana, ben, _ = cast.annotators
    judged.judge(ana, "first")
    held = judged.claim(ben)
    waiting = waiting_comparisons(cast.member(ana))[0]
    assert (waiting.judged, waiting.left, waiting.free) == (1, 3, 2)
    assert waiting.total == 4
    others = waiting_comparisons(cast.member(ben))[0]
    assert (others.judged, others.left, others.free) == (0, 3, 3)
    _expire(held)
    assert waiting_comparisons(cast.member(ana))[0].free == 3


def test_the_list_costs_the_same_for_many(cast: Cast, django_assert_num_queries: Any) -> None:
    pairs = new_pairs(cast, 2)
    member = cast.member(cast.leads[1])
    for count in (1, 8):
        for number in range(count):
            services.comparison_create(
                project=cast.project,
                actor=cast.leads[0],
                name=f"C {count} {number}",
                pairs=pairs,
                raters=[cast.leads[1]],
            )
        with django_assert_num_queries(3):
            assert waiting_comparisons(member)


# ---- choosing


def test_the_same_choice_twice_is_one_and_another_is_refused(judged: Judged) -> None:
    ana = judged.cast.annotators[0]
    held = judged.claim(ana)
    judging.judge(judgement=held, choice="b", active_seconds=7)
    again = judging.judge(judgement=held, choice="b", active_seconds=9)
    assert (again.choice, again.active_seconds) == ("b", 7)
    with pytest.raises(Refused, match="already judged this pair. Your answer was: Reply B"):
        judging.judge(judgement=held, choice="tie")
    assert PairJudgement.objects.get().choice == "b"


@pytest.mark.parametrize("choice", ["", "c", "A", "first", "a" * 10_000])
def test_what_is_no_choice(judged: Judged, choice: str) -> None:
    held = judged.claim(judged.cast.annotators[0])
    with pytest.raises(Refused, match="Choose reply A, reply B or a tie"):
        judging.judge(judgement=held, choice=choice)


@pytest.mark.parametrize("seconds", [-1, "x", float("nan"), None, 10**400])
def test_what_is_no_time(judged: Judged, seconds: object) -> None:
    held = judged.claim(judged.cast.annotators[0])
    with pytest.raises(BadDraft):
        judging.judge(judgement=held, choice="a", active_seconds=seconds)


def test_a_closed_comparison_takes_and_gives_nothing(judged: Judged) -> None:
    ana, lead = judged.cast.annotators[0], judged.cast.leads[0]
    done, held = judged.judge(ana, "first"), judged.claim(ana)
    assert services.comparison_close(comparison=judged.comparison, actor=lead)
    assert not services.comparison_close(comparison=judged.comparison, actor=lead)
    for refused in (
        lambda: judging.judge(judgement=held, choice="a"),
        lambda: judging.undo(judgement=done, actor=ana),
        lambda: judged.claim(ana),
    ):
        with pytest.raises(Refused, match="closed"):
            refused()
    assert services.comparison_open(comparison=judged.comparison, actor=lead)
    assert judging.judge(judgement=held, choice="a").choice == "a"
    actions = Entry.objects.filter(action__startswith="comparison.").order_by("pk")
    assert [each.action for each in actions] == [
        "comparison.created",
        "comparison.closed",
        "comparison.opened",
    ]


def test_only_people_of_the_comparison_get_pairs(cast: Cast) -> None:
    judged = build_comparison(cast, raters=[cast.annotators[0]])
    with pytest.raises(Refused, match="not in this comparison"):
        judged.claim(cast.annotators[1])


# ---- taking back


def test_a_judgement_can_be_taken_back_for_a_minute(judged: Judged) -> None:
    ana = judged.cast.annotators[0]
    done = judged.judge(ana, "first")
    ahead = judged.claim(ana)
    last = undoable(judged.cast.member(ana))
    assert last is not None and last.pk == done.pk
    judging.undo(judgement=done, actor=ana)
    assert judging.undo(judgement=done, actor=ana).state == "reserved"
    # First the one that was taken back, then the one that was on the screen.
    assert judged.claim(ana).pk == done.pk
    judging.judge(judgement=done, choice="tie")
    assert judged.claim(ana).pk == ahead.pk
    assert Entry.objects.filter(action="judgement.taken_back").count() == 1

    PairJudgement.objects.filter(pk=done.pk).update(
        submitted_at=timezone.now() - UNDO_WITHIN - timedelta(seconds=1)
    )
    with pytest.raises(Refused, match="too late"):
        judging.undo(judgement=done, actor=ana)
    assert undoable(judged.cast.member(ana)) is None


# ---- at once


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_many_at_once_never_go_beyond_the_overlap(cast: Cast, overlap: int) -> None:
    judged = build_comparison(cast, pairs=5, overlap=overlap)
    people = [*cast.annotators, cast.leads[1]]
    barrier = Barrier(len(people))

    def work(user: User) -> int:
        barrier.wait(10)
        done = 0
        try:
            rater = judged.rater(user)
            while held := judging.claim_next(comparison=judged.comparison, rater=rater):
                judging.judge(judgement=held, choice=choice_for(held, "first"))
                done += 1
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(work, people)) == 5 * overlap
    for pair in judged.comparison.pairs.all():
        assert pair.judgements.filter(state="submitted").count() == overlap
        assert pair.judgements.exclude(state="submitted").count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_are_one_judgement(cast: Cast) -> None:
    judged = build_comparison(cast)
    ana = cast.annotators[0]
    barrier = Barrier(4)

    def work(number: int) -> Any:
        barrier.wait(10)
        try:
            held = judged.claim(ana)
            barrier.wait(10)
            try:
                return held.pk, judging.judge(judgement=held, choice="ab"[number % 2]).choice
            except Refused as refusal:
                return held.pk, refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert len({pk for pk, _ in found}) == 1
    kept = PairJudgement.objects.get().choice
    assert sorted(what for _, what in found) == sorted([kept, kept, "judged", "judged"])


@pytest.mark.django_db(transaction=True)
def test_a_close_waits_for_the_judgements_under_way(cast: Cast) -> None:
    judged = build_comparison(cast)
    held = judged.claim(cast.annotators[0])

    def close() -> int:
        try:
            services.comparison_close(comparison=judged.comparison, actor=cast.leads[0])
            return PairJudgement.objects.filter(state="submitted").count()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            judging.judge(judgement=held, choice="a")
            closing = pool.submit(close)
            wait_until(lambda: closing.done() or waiting(), "the close")
        assert closing.result(SHORT_S) == 1


# ---- making one


def test_what_a_comparison_is_made_of(cast: Cast) -> None:
    judged = build_comparison(cast, identical=1, seed=7)
    comparison = judged.comparison
    assert (comparison.number, comparison.overlap, comparison.seed) == (1, 1, 7)
    assert comparison.question == "Which reply would help the seeker more?"
    rows = comparison.pairs.values_list("position", "is_identical")
    assert list(rows) == [(0, False), (1, False), (2, True)]


def test_identical_pairs_come_last_so_that_no_number_is_skipped(cast: Cast) -> None:
    different, other, identical = new_pairs(cast, 3, identical=1)
    judged = build_comparison(cast, pairs=[identical, other, different])
    rows = judged.comparison.pairs.values_list("prompt", "is_identical")
    assert list(rows) == [
        (other.prompt.pk, False), (different.prompt.pk, False), (identical.prompt.pk, True),
    ]  # fmt: skip
    ana = cast.annotators[0]
    shown = [shown_pair(cast.member(ana), judged.judge(ana, "tie")).number for _ in range(2)]
    assert sorted(shown) == [1, 2]


def test_equal_replies_are_told_by_what_is_shown(cast: Cast) -> None:
    [pair] = new_pairs(cast, 1)
    spelled = reply(pair.prompt, COLD.format(n=0) + "  \n")
    judged = build_comparison(cast, pairs=1, name="One")
    assert not judged.comparison.pairs.get().is_identical
    with pytest.raises(Refused, match="nothing to judge"):
        services.comparison_create(
            project=cast.project,
            actor=cast.leads[0],
            name="Two",
            pairs=[NewPair(pair.prompt, pair.second, spelled)],
            raters=[cast.annotators[0]],
        )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"question": " "}, "question"),
        ({"question": "x" * 201}, "question"),
        ({"raters": []}, "raters"),
        ({"overlap": 5}, "overlap"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 21}, "overlap"),
        ({"lease_minutes": 0}, "lease"),
        ({"seed": -1}, "seed"),
        ({"pairs": []}, "pairs"),
    ],
)
def test_what_makes_no_comparison(cast: Cast, changes: dict[str, Any], code: str) -> None:
    pairs = new_pairs(cast, 1)
    plan: dict[str, Any] = {
        "project": cast.project,
        "actor": cast.leads[0],
        "name": "One",
        "pairs": pairs,
        "raters": list(cast.annotators),
    }
    with pytest.raises(Refused) as refused:
        services.comparison_create(**(plan | changes))
    assert refused.value.code == code
    assert not Comparison.objects.exists()


def test_only_annotators_and_one_open_comparison_of_a_name(cast: Cast) -> None:
    build_comparison(cast)
    with pytest.raises(Refused, match="already an open comparison"):
        build_comparison(cast, pairs=1)
    with pytest.raises(Refused, match="not an annotator"):
        build_comparison(cast, pairs=1, name="Other", raters=[cast.leads[0]])


# ---- who is blind to what


def test_a_text_that_somebody_still_judges_becomes_no_exemplar(cast: Cast) -> None:
    judged = build_comparison(cast, pairs=2, raters=list(cast.annotators[:2]), overlap=2)
    pair = judged.comparison.pairs.get(position=0)
    for target in (pair.prompt, pair.first, pair.second):
        assert comparison_still_judging(target) == judged.comparison
    for user in cast.annotators[:2]:
        assert comparison_still_judging(pair.prompt) == judged.comparison
        judged.judge(user, "first")
    assert comparison_still_judging(pair.prompt) == judged.comparison
    PairJudgement.objects.update(submitted_at=timezone.now() - UNDO_WITHIN)
    assert comparison_still_judging(pair.prompt) is None
    other = judged.comparison.pairs.get(position=1)
    assert comparison_still_judging(other.first) == judged.comparison
    services.comparison_close(comparison=judged.comparison, actor=cast.leads[0])
    assert comparison_still_judging(other.first) is None
