"""What an impact preview says of groups of replies and of people."""

from dataclasses import replace

import pytest

from annotation.impact import sampling
from annotation.models import Turn
from annotation.ratings.services import NewScore, rater_for_person, submit_rating
from annotation.ratings.targets import targets_for
from rubrics.core.spec import from_json
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.impact import draft_of, group, previewed, replaced, reworded, written
from tests.support.judge_runs import learned_judge, llm_judge, rated, texts
from tests.support.previews import client_page, state_of, worked
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_order_within_groups(cast: Cast, voice: Endpoint) -> None:
    warm = "I hear how lonely that is."
    first = group(cast, f"{warm} One.", "Get over it. What then?", f"{warm} What then?")
    second = group(cast, "Not my problem.", f"{warm} Two.", said="Nobody called.")
    lone = group(cast, f"{warm} Three.", said="Alone.")
    draft = reworded(cast, draft_of(cast))
    chosen = [*first, *second, *lone]
    sampling.register(
        sampling.Source(
            "chosen",
            lambda project, version: [sampling.Choice("chosen:all", "Chosen")],
            lambda project, version, pk, limit, seed: chosen,
        )
    )
    try:
        run = worked(previewed(cast, draft, llm_judge(cast, voice), "chosen:all"))
    finally:
        sampling._sources.pop("chosen")
    ranking = state_of(cast, run).ranking
    assert ranking is not None
    assert (ranking.groups, ranking.replies) == (2, 5)
    # Before, in the first group: warm without a question 0.5, cold with one 0.5, both 1. After:
    # 0.25, 0.5, 1. A tie became an order, no pair changed places.
    assert ranking.flipped.value == 0 and ranking.flipped.n == 3
    assert ranking.tau.n == 2 and 0.8 < ranking.tau.value < 1
    assert ranking.advantage.value > 0


def test_without_groups_it_says_what_would_make_them(cast: Cast, voice: Endpoint) -> None:
    texts(cast, 3)
    run = worked(previewed(cast, reworded(cast, draft_of(cast)), llm_judge(cast, voice)))
    assert state_of(cast, run).ranking is None
    assert "Choose the rollouts of a GRPO run" in client_page(cast, run)


@pytest.mark.slow
def test_agreement_with_people_before_and_after(cast: Cast, voice: Endpoint) -> None:
    turns = texts(cast, 24)
    draft = draft_of(cast)
    published = RubricVersion.objects.get(rubric=draft.rubric, number=1)
    rate_as_the_new_anchor(cast, turns, published)
    run = worked(previewed(cast, reworded(cast, draft), llm_judge(cast, voice), "rated:people"))
    state = state_of(cast, run)
    assert state.reference is not None and state.reference.raters == 1
    by_uid = {row.criterion.uid: row.shift for row in state.agreement}
    warmth = by_uid["warmth"]
    assert warmth is not None
    assert warmth.n == 24
    assert warmth.second.value == pytest.approx(1.0) and warmth.first.value < 1
    assert warmth.change == pytest.approx(warmth.second.value - warmth.first.value)
    assert 0 < warmth.low <= warmth.change <= warmth.high
    assert by_uid["asks"] is not None and by_uid["asks"].change == 0


def rate_as_the_new_anchor(cast: Cast, turns: list[Turn], version: RubricVersion) -> None:
    rater = rater_for_person(project=cast.project, user=cast.annotators[0])
    targets = targets_for(project=cast.project, turns=[turn.pk for turn in turns])
    for turn, target in zip(turns, targets, strict=True):
        asks = "What then?" in turn.text
        warm = turn.dialogue.number % 2
        submit_rating(
            target=target,
            spec=version.spec,  # type: ignore[arg-type]
            rater=rater,
            purpose="desk",
            scores=[
                NewScore("warmth", 1.0 if not warm else 3.0 if asks else 2.0),
                NewScore("asks", float(asks)),
            ],
        )


def test_texts_that_people_differ_on_are_left_out_and_counted(cast: Cast, voice: Endpoint) -> None:
    turns = texts(cast, 4)
    draft = draft_of(cast)
    published = RubricVersion.objects.get(rubric=draft.rubric, number=1)
    rate_as_the_new_anchor(cast, turns, published)
    submit_rating(
        target=targets_for(project=cast.project, turns=[turns[0].pk])[0],
        spec=published.spec,  # type: ignore[arg-type]
        rater=rater_for_person(project=cast.project, user=cast.annotators[1]),
        purpose="desk",
        scores=[
            NewScore("warmth", 1.0 if turns[0].dialogue.number % 2 else 3.0),
            NewScore("asks", float("What then?" in turns[0].text)),
        ],
    )
    run = worked(previewed(cast, reworded(cast, draft), llm_judge(cast, voice), "rated:people"))
    found = {row.criterion.uid: row for row in state_of(cast, run).agreement}
    assert found["warmth"].shift is not None and found["warmth"].shift.n == 3
    assert (found["warmth"].undecided, found["asks"].undecided) == (1, 0)
    assert "1 left out: people differ" in client_page(cast, run)


@pytest.mark.slow
def test_texts_that_a_learned_judge_knows_are_left_out_and_counted(cast: Cast) -> None:
    turns = texts(cast, 24)
    draft = draft_of(cast)
    published = RubricVersion.objects.get(rubric=draft.rubric, number=1)
    rated(cast, turns, published)
    rate_as_the_new_anchor(cast, turns, published)
    judge = learned_judge(cast, published)
    run = worked(previewed(cast, reworded(cast, draft), judge, "rated:people"))
    asks = next(row for row in state_of(cast, run).agreement if row.criterion.uid == "asks")
    assert asks.shift is not None
    assert (asks.shift.n, asks.known) == (0, 24)
    assert "24 left out: the judge learned from them" in client_page(cast, run)


def test_construction_counts_as_no_person(cast: Cast, voice: Endpoint) -> None:
    turns = texts(cast, 4)
    draft = draft_of(cast)
    rated(cast, turns, RubricVersion.objects.get(rubric=draft.rubric, number=1))
    run = worked(previewed(cast, reworded(cast, draft), llm_judge(cast, voice), "rated:others"))
    state = state_of(cast, run)
    assert len(state.scored) == 4 and state.agreement == []
    assert "Nobody has rated these texts" in client_page(cast, run)


def test_a_changed_meaning_is_compared_with_nobody(cast: Cast, voice: Endpoint) -> None:
    turns = texts(cast, 6)
    draft = draft_of(cast)
    rate_as_the_new_anchor(cast, turns, RubricVersion.objects.get(rubric=draft.rubric, number=1))
    spec = from_json(draft.draft)
    warmth = next(c for c in spec.criteria if c.uid == "warmth")
    draft = written(cast, draft, replaced(spec, replace(warmth, spans=("reasoning", "response"))))
    run = worked(previewed(cast, draft, llm_judge(cast, voice), "rated:people"))
    found = {row.criterion.uid: row for row in state_of(cast, run).agreement}
    assert found["warmth"].shift is None and "meaning changed" in found["warmth"].reason
