"""The reward by hand: the mock-up's table, failures, missing parts, advantages."""

from dataclasses import replace

import pytest
import torch
from trl.trainer.utils import nanstd

from rubrics.core.spec import RubricSpec
from rubrics.demo import kardia
from rubrics.judging.judge import rate_sync
from rubrics.judging.results import CriterionScore, JudgeResult
from training.trainer.config import RewardSection
from training.trainer.data import Row
from training.trainer.failures import TrainingFailed
from training.trainer.rating import with_checks
from training.trainer.rewards import (
    group_advantages,
    reward_of,
    score_rollouts,
    without_single_rewards,
)

pytestmark = pytest.mark.model

EVEN = RewardSection()
# The mock-up's run used these weights, not the demo rubric's.
MOCK_UP_WEIGHTS = {kardia.FLUENCY_UID: 15.0, kardia.EMPATHY_UID: 25.0}
MOCK_UP_RUBRIC = replace(
    kardia.KARDIA,
    criteria=tuple(
        replace(criterion, weight=MOCK_UP_WEIGHTS.get(criterion.uid, criterion.weight))
        for criterion in kardia.KARDIA.criteria
    ),
)
ROW = Row("r", "train", [{"role": "user", "content": "Hi."}], "lonely", {})


def result(format_: float, emotion: float | None, levels: list[int] | None) -> JudgeResult:
    """A result of the Kardia rubric; no levels stands for a judge that failed."""
    uids = [criterion.uid for criterion in kardia.KARDIA.judge_criteria]
    scores = {
        kardia.FORMAT_UID: CriterionScore(kardia.FORMAT_UID, "scored", format_),
        kardia.EMOTION_UID: CriterionScore(kardia.EMOTION_UID, "scored", emotion)
        if emotion is not None
        else CriterionScore(kardia.EMOTION_UID, "not_applicable"),
    }
    for index, uid in enumerate(uids):
        scores[uid] = (
            CriterionScore(uid, "scored", float(levels[index]))
            if levels
            else CriterionScore(uid, "failed", reason="No answer within 60 s.")
        )
    return JudgeResult("k", scores)


def score(
    results: list[JudgeResult],
    group_size: int,
    weights: RewardSection = EVEN,
    rubric: RubricSpec = kardia.KARDIA,
):
    return score_rollouts(
        [ROW] * len(results),
        ["raw"] * len(results),
        results,
        rubric=rubric,
        weights=weights,
        group_size=group_size,
    )


# The rollouts of the mock-up of the training run: format, emotion, five levels, reward.
MOCK_UP = [
    (1, 1, [5, 5, 4, 4, 3], 0.93),
    (1, 1, [3, 3, 3, 3, 3], 0.83),
    (1, 1, [5, 4, 4, 4, 3], 0.92),
    (1, 0, [3, 4, 1, 3, 3], 0.47),
    (1, 1, [4, 5, 4, 5, 3], 0.93),
    (1, 1, [3, 2, 3, 3, 3], 0.82),
    (1, 1, [4, 5, 3, 3, 3], 0.88),
    (1, 1, [4, 5, 3, 4, 3], 0.89),
]


def test_the_rollouts_of_the_mock_up():
    rollouts = score(
        [result(f, e, levels) for f, e, levels, _ in MOCK_UP], 8, rubric=MOCK_UP_RUBRIC
    )
    rewards = [rollout.reward for rollout in rollouts]
    assert rewards == pytest.approx([reward for *_, reward in MOCK_UP], abs=0.006)
    assert [rollout.index for rollout in rollouts] == list(range(8))


def test_a_failed_judgement_has_no_reward_and_moves_no_mean():
    """As zero it would punish the reply for the judge, as the mean it would pay for breaking it."""
    rollouts = score(
        [
            *(result(1, 1, [5] * 5), result(1, 1, [3] * 5), result(1, 1, None)),
            *(result(1, 1, [3] * 5), result(1, 1, [3] * 5), result(1, 1, [3] * 5)),
        ],
        3,
    )
    assert (rollouts[2].rubric, rollouts[2].reward, rollouts[2].advantage) == (None, None, 0.0)
    # 1 and 5/6: the mean of two, and their own deviation.
    deviation = (1 / 6) / 2**0.5
    assert rollouts[0].advantage == pytest.approx((1 / 12) / (deviation + 1e-4))
    assert rollouts[1].advantage == -rollouts[0].advantage


def test_a_group_with_fewer_than_two_rewards_is_left_out():
    assert without_single_rewards([None, None, 0.2, None, 0.3, 0.6], 2) == [
        *(None, None, None, None, 0.3, 0.6)
    ]
    assert group_advantages([None, None, 0.2, 0.6], 2)[:2] == [0.0, 0.0]


def test_a_reward_without_the_rubric_needs_no_judge():
    parts = {"format": 1.0, "emotion": 0.0, "rubric": None}
    assert reward_of(parts, RewardSection(1, 1, 0)) == 1.0
    assert reward_of(parts, EVEN) is None


@pytest.mark.parametrize("lost", [[2], [0, 1, 2], [0, 1, 2, 3]])
def test_advantages_without_a_reward_are_those_of_trl(lost: list[int]):
    """By TRL's own calculation: NaN where its reward function returned None."""
    rewards: list[float | None] = [0.1, 0.5, 0.9, 0.4, 0.3, 0.8, 0.3, 0.6]
    for place in lost:
        rewards[place] = None
    grouped = torch.tensor([float("nan") if r is None else r for r in rewards]).view(2, 4)
    mean = torch.nanmean(grouped, dim=1, keepdim=True)
    trl = (grouped - mean) / (nanstd(grouped, dim=1).unsqueeze(1) + 1e-4)
    expected = torch.nan_to_num(trl, nan=0.0).flatten().tolist()
    assert group_advantages(rewards, 4) == pytest.approx(expected, abs=1e-4)


def test_too_many_failures_stop_the_run_with_the_reason():
    results = [result(1, 1, [3] * 5)] * 2 + [result(1, 1, None)] * 2
    with pytest.raises(TrainingFailed, match="failed on 2 of 4.*30%.*No answer within 60 s"):
        score(results, 4)
    assert len(score(results, 4, RewardSection(max_failure_share=0.5))) == 4


@pytest.mark.parametrize(
    ("parts", "weights", "expected"),
    [
        ({"format": 1, "emotion": 0, "rubric": 0.5}, EVEN, 0.5),
        ({"format": 1, "emotion": 0, "rubric": 0.5}, RewardSection(0, 0, 1), 0.5),
        ({"format": 1, "emotion": None, "rubric": 0.5}, EVEN, 0.75),
        ({"format": 1, "emotion": None, "rubric": 0.5}, RewardSection(0, 1, 0), 0.0),
        ({"format": 1, "emotion": 1, "rubric": 1}, RewardSection(1, 1, 1), 3.0),
    ],
)
def test_weights_and_parts_that_do_not_apply(parts, weights, expected):
    assert reward_of(parts, weights) == pytest.approx(expected)


def test_advantages_are_those_of_trl():
    rewards = [0.1, 0.5, 0.9, 0.5, 0.3, 0.3, 0.3, 0.3]
    grouped = torch.tensor(rewards).view(2, 4)
    trl = (grouped - grouped.mean(1, keepdim=True)) / (grouped.std(1, keepdim=True) + 1e-4)
    assert group_advantages(rewards, 4) == pytest.approx(trl.flatten().tolist(), abs=1e-5)


def test_a_rubric_without_checks_still_rewards_format_and_emotion():
    bare = RubricSpec("Bare", criteria=kardia.KARDIA.judge_criteria)
    whole = with_checks(bare)
    assert {criterion.check for criterion in whole.checks} == {"format", "emotion_match"}
    assert with_checks(kardia.KARDIA) == kardia.KARDIA
    row = Row("r", "train", ROW.messages, "sad", {"profile": "", "situation": "", "history": []})

    class NoJudge:
        async def score(self, spec, inputs):
            return [JudgeResult(item.key, {}) for item in inputs]

    raw = "".join(
        f"<{name}>sad</{name}>" for name in ("understanding", "reasoning", "emotion", "response")
    )
    (rated,) = rate_sync(whole, [row.judge_input("0", raw)], NoJudge())
    assert (rated.scores["format"].value, rated.scores["emotion"].value) == (1.0, 1.0)
