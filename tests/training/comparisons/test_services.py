"""Starting a comparison of two systems, and what people's judgements add up to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_init
from pytest_django import DjangoAssertNumQueries

from annotation.agreement import tables
from annotation.comparisons import judging
from annotation.models import Comparison, PairJudgement
from tests.conftest import Cast
from tests.support.comparisons import new_pairs
from tests.support.locks import until_waiting
from tests.training.comparisons.conftest import PROMPTS, Evaluated
from training.comparisons import services
from training.comparisons.queries import Results, comparisons_of, results_of
from training.models import Answer, EvaluatedSystem, EvaluationComparison, EvaluationRun
from webapp.audit.models import Entry
from webapp.errors import Refused


def result(evaluated: Evaluated, link: EvaluationComparison) -> Results:
    [found] = results_of(
        comparisons_of(evaluated.run).filter(pk=link.pk),
        evaluated.cast.member(evaluated.cast.leads[0]),
    )
    return found


# ---- starting


def test_pairs_are_drawn_by_the_seed_among_prompts_both_answered(evaluated: Evaluated) -> None:
    one, two = new_pairs(evaluated.cast, 2, first=200)
    for system, pair, reply in (
        (evaluated.warm, one, one.first),
        (evaluated.cold, two, two.second),
    ):
        Answer.objects.create(
            project=system.project, system=system, prompt=pair.prompt, position=PROMPTS + 1,
            target=reply, raw="r", format=1,
        )  # fmt: skip
    links = [evaluated.compare(name=str(n), pairs=3, seed=seed) for n, seed in enumerate([4, 4, 5])]
    drawn = [list(link.comparison.pairs.values_list("prompt", "first", "second")) for link in links]
    assert drawn[0] == drawn[1] != drawn[2]
    everything = evaluated.compare(name="All", pairs=1000).comparison.pairs
    assert everything.count() == PROMPTS + 1
    for pair in everything.all():
        answer = Answer.objects.get(system=evaluated.warm, prompt=pair.prompt)
        assert answer.target_id == pair.first_id
        other = Answer.objects.get(system=evaluated.cold, prompt=pair.prompt)
        assert other.target_id == pair.second_id
    assert Entry.objects.filter(action="evaluation.compared").count() == 4


def test_only_drawn_texts_are_read(evaluated: Evaluated) -> None:
    """An evaluation may have 200,000 answers, and somebody waits for the page."""
    loaded: list[Any] = []

    def note(sender: Any, instance: Any, **_: Any) -> None:
        loaded.append(instance.pk)

    post_init.connect(note, sender=Answer)
    try:
        evaluated.compare(pairs=2, seed=4)
    finally:
        post_init.disconnect(note, sender=Answer)
    assert len(loaded) == 4


def test_a_system_can_be_the_corpus(evaluated: Evaluated) -> None:
    link = evaluated.compare(second=evaluated.corpus)
    assert all(pair.second_id == pair.prompt_id for pair in link.comparison.pairs.all())


def test_what_starts_none(evaluated: Evaluated) -> None:
    with pytest.raises(Refused, match="two different systems"):
        evaluated.compare(second=evaluated.warm)
    with pytest.raises(Refused, match="pairs"):
        evaluated.compare(pairs=0)
    silent = EvaluatedSystem.objects.create(
        project=evaluated.cast.project, run=evaluated.run, position=3, name="Silent"
    )
    with pytest.raises(Refused, match="no prompt that both answered"):
        evaluated.compare(second=silent)
    EvaluationRun.objects.filter(pk=evaluated.run.pk).update(status="pending", ended_at=None)
    evaluated.run.refresh_from_db()
    with pytest.raises(Refused, match="still running"):
        evaluated.compare()
    assert not Comparison.objects.exists()


def test_the_same_key_is_the_same_comparison(evaluated: Evaluated) -> None:
    link = evaluated.compare(key="k")
    # A retry finds it, whatever became of the evaluation and of the name since.
    EvaluationRun.objects.filter(pk=evaluated.run.pk).update(status="pending", ended_at=None)
    evaluated.run.refresh_from_db()
    assert evaluated.compare(key="k") == link
    assert Entry.objects.filter(action="evaluation.compared").count() == 1
    with pytest.raises(Refused) as caught:
        evaluated.compare(key="k" * 65)
    assert caught.value.code == "key"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, seconds = services.comparisons.comparison_create, []

    def start() -> EvaluationComparison:
        try:
            return evaluated.compare(key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:

        def create_while_another_waits(**plan: Any) -> Comparison:
            if not seconds:
                seconds.append(pool.submit(start))
                until_waiting()
            return create(**plan)

        monkeypatch.setattr(services.comparisons, "comparison_create", create_while_another_waits)
        assert start() == seconds[0].result()
    assert Comparison.objects.count() == 1


# ---- results


def test_before_anybody_judged(evaluated: Evaluated) -> None:
    found = result(evaluated, evaluated.compare())
    assert (found.judged, found.planned, found.pairs, found.identical) == (0, PROMPTS, 7, 1)
    assert (found.wins, found.losses, found.ties) == (0, 0, 0)
    assert (found.win_rate, found.chose_a, found.agreement) == (None, None, None)


def test_the_figures_are_of_judged_pairs(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = evaluated.compare()
    at_desk, (ana, ben, _) = evaluated.at_desk(link), evaluated.cast.annotators
    # A is the warm reply for the first two, the cold one afterwards.
    for bit, chosen in ((1, "first"), (1, "first"), (0, "first"), (0, "second"), (0, "tie")):
        monkeypatch.setattr(judging.secrets, "randbits", lambda _, bit=bit: bit)
        at_desk.judge(ana, chosen)
    at_desk.claim(ben)
    found = result(evaluated, link)
    assert (found.judged, found.planned) == (5, PROMPTS)
    assert (found.wins, found.losses, found.ties) == (3, 1, 1)
    assert found.win_rate is not None and found.win_rate.value == pytest.approx(0.7)
    assert (found.win_rate.n, found.win_rate.groups) == (5, 5)
    assert found.win_rate.low is not None
    # A was the warm reply twice and the cold one once.
    assert found.chose_a is not None
    assert (found.chose_a.k, found.chose_a.n) == (3, 4)
    assert found.people == ["Ana Annotator", "Ben Annotator", "Cem Rater"]


def test_what_is_taken_back_counts_no_more(evaluated: Evaluated) -> None:
    link = evaluated.compare()
    ana = evaluated.cast.annotators[0]
    done = evaluated.at_desk(link).judge(ana, "first")
    judging.undo(judgement=done, actor=ana)
    assert result(evaluated, link).judged == 0


def test_agreement_is_of_systems_and_not_of_sides(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIN_ITEMS", 3)
    link = evaluated.compare(overlap=2)
    at_desk, (ana, ben, _) = evaluated.at_desk(link), evaluated.cast.annotators
    assert result(evaluated, link).no_agreement == "No pair is judged yet."
    monkeypatch.setattr(judging.secrets, "randbits", lambda _: 1)
    for chosen in ("first", "second", "tie"):
        at_desk.judge(ana, chosen)
    assert result(evaluated, link).no_agreement == "Only one person has judged so far."
    monkeypatch.setattr(judging.secrets, "randbits", lambda _: 0)
    for chosen in ("first", "second", "tie"):
        at_desk.judge(ben, chosen)
    found = result(evaluated, link)
    assert found.agreement is not None and found.no_agreement == ""
    assert found.agreement.value == pytest.approx(1.0)
    assert found.agreement.n_pairable == 3
    # Three pairs, judged twice each: the win rate counts each pair once.
    assert found.win_rate is not None and found.win_rate.n == 3


def test_all_the_same_has_no_agreement(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    link = evaluated.compare(overlap=2)
    for user in evaluated.cast.annotators[:2]:
        for _ in range(2):
            evaluated.at_desk(link).judge(user, "first")
    found = result(evaluated, link)
    assert found.no_agreement == "Everybody always gave the same answer."
    assert found.win_rate is not None and found.win_rate.value == 1.0


def test_many_comparisons_cost_what_two_do(
    evaluated: Evaluated, django_assert_num_queries: DjangoAssertNumQueries, cast: Cast
) -> None:
    member: Any = cast.member(cast.leads[0])
    for count in (2, 10):
        for number in range(count):
            link = evaluated.compare(name=f"{count} {number}", overlap=2)
            evaluated.at_desk(link).judge(cast.annotators[0], "tie")
        with django_assert_num_queries(5):
            results_of(comparisons_of(evaluated.run), member)
    assert PairJudgement.objects.count() == 12
