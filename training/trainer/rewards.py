"""The reward of a step's rollouts: format + emotion + rubric, weighted.

A reply whose judgement failed has no reward: TRL leaves it out of its group's mean and gives it the
advantage 0. As zero, a judge's outage would teach that the reply was bad; as the group's mean, a
reply that breaks the judge would be paid for it. Advantages are TRL's for `scale_rewards="group"`.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rubrics.core.spec import RubricSpec
from rubrics.judging.judge import reward_parts
from rubrics.judging.results import JudgeResult
from training.trainer.config import RewardSection
from training.trainer.data import Row
from training.trainer.failures import TrainingFailed

STD_FLOOR = 1e-4  # what TRL adds to a group's deviation


@dataclass(frozen=True)
class Rollout:
    """One sampled reply with its reward. `rubric` is None where the judgement failed; `reward` is,
    too, where it needs that, and where its group has fewer than two rewards to compare."""

    row: Row
    index: int
    raw: str
    result: JudgeResult
    format: float
    emotion: float | None
    rubric: float | None
    reward: float | None
    advantage: float


def score_rollouts(
    rows: Sequence[Row],
    replies: Sequence[str],
    results: Sequence[JudgeResult],
    *,
    rubric: RubricSpec,
    weights: RewardSection,
    group_size: int,
) -> list[Rollout]:
    """The rollouts of a step. Entries come in groups of `group_size` replies to one row.

    Raises TrainingFailed where more than `weights.max_failure_share` of the judgements failed.
    """
    parts = [reward_parts(result, rubric) for result in results]
    rubric_values = [part["rubric"] for part in parts]
    require_judgements(results, rubric_values, weights.max_failure_share)
    rewards = without_single_rewards([reward_of(part, weights) for part in parts], group_size)
    advantages = group_advantages(rewards, group_size)
    return [
        Rollout(
            row=rows[i],
            index=i % group_size,
            raw=replies[i],
            result=results[i],
            format=parts[i]["format"] or 0.0,
            emotion=parts[i]["emotion"],
            rubric=rubric_values[i],
            reward=rewards[i],
            advantage=advantages[i],
        )
        for i in range(len(rows))
    ]


def reward_of(parts: dict[str, float | None], weights: RewardSection) -> float | None:
    """The weighted sum of the parts. An emotion that does not apply (None: the seeker's is not
    known) leaves its weight to the others; None where the rubric's total is needed and missing."""
    if parts["rubric"] is None and weights.rubric > 0:
        return None
    weighted = {name: getattr(weights, name) for name in ("format", "emotion", "rubric")}
    present = {name: weight for name, weight in weighted.items() if parts[name] is not None}
    share = sum(present.values())
    if share == 0:
        return 0.0
    total = sum(weight * (parts[name] or 0.0) for name, weight in present.items())
    return total * sum(weighted.values()) / share


def without_single_rewards(rewards: Sequence[float | None], group_size: int) -> list[float | None]:
    """Without those of groups in which fewer than two replies have one: nothing can be compared."""
    kept: list[float | None] = []
    for start in range(0, len(rewards), group_size):
        group = rewards[start : start + group_size]
        known = sum(reward is not None for reward in group)
        kept += group if known > 1 else [None] * len(group)
    return kept


def group_advantages(rewards: Sequence[float | None], group_size: int) -> list[float]:
    """(reward - mean of its group) / (deviation of its group + 1e-4); 0 without a reward."""
    advantages: list[float] = []
    for start in range(0, len(rewards), group_size):
        group = rewards[start : start + group_size]
        known = [reward for reward in group if reward is not None]
        mean = statistics.fmean(known) if known else 0.0
        deviation = statistics.stdev(known) if len(known) > 1 else 0.0
        advantages += [
            0.0 if reward is None else (reward - mean) / (deviation + STD_FLOOR) for reward in group
        ]
    return advantages


def require_judgements(
    results: Sequence[JudgeResult], rubric_values: Sequence[float | None], max_share: float
) -> None:
    """Raises TrainingFailed where too many rollouts of a step have no rubric total."""
    failed = [r for r, value in zip(results, rubric_values, strict=True) if value is None]
    if len(failed) <= max_share * len(results):
        return
    reasons = Counter(
        score.reason for result in failed for score in result.scores.values() if score.reason
    )
    why = reasons.most_common(1)[0][0] if reasons else "No criterion applied."
    raise TrainingFailed(
        f"The judge failed on {len(failed)} of {len(results)} replies in one step. The limit is "
        f"{max_share:.0%}. The most common reason: {why} If you resume the run, it continues "
        "from the last checkpoint."
    )
