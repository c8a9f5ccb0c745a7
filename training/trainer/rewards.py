"""The reward of a step's rollouts: format + emotion + rubric, weighted.

A failed judgement takes the mean of its group, never zero: a judge's outage must not teach the
model that the reply was bad. Advantages are TRL's for `scale_rewards="group"`.
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
    """One sampled reply with its reward; `rubric` is None where the judgement failed."""

    row: Row
    index: int
    raw: str
    result: JudgeResult
    format: float
    emotion: float | None
    rubric: float | None
    reward: float
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
    filled = fill_failures(rubric_values, group_size)
    rewards = [
        reward_of(part | {"rubric": value}, weights)
        for part, value in zip(parts, filled, strict=True)
    ]
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


def reward_of(parts: dict[str, float | None], weights: RewardSection) -> float:
    """The weighted sum of the parts. A part that does not apply (None: the seeker's emotion is
    not known) leaves its weight to the others."""
    weighted = {name: getattr(weights, name) for name in ("format", "emotion", "rubric")}
    present = {name: weight for name, weight in weighted.items() if parts[name] is not None}
    share = sum(present.values())
    if share == 0:
        return 0.0
    total = sum(weight * (parts[name] or 0.0) for name, weight in present.items())
    return total * sum(weighted.values()) / share


def fill_failures(values: Sequence[float | None], group_size: int) -> list[float]:
    """Each None replaced by the mean of its group, or of the step where a whole group failed."""
    known = [value for value in values if value is not None]
    step_mean = statistics.fmean(known) if known else 0.0
    filled: list[float] = []
    for start in range(0, len(values), group_size):
        group = values[start : start + group_size]
        known = [value for value in group if value is not None]
        mean = statistics.fmean(known) if known else step_mean
        filled += [mean if value is None else value for value in group]
    return filled


def group_advantages(rewards: Sequence[float], group_size: int) -> list[float]:
    """(reward - mean of its group) / (deviation of its group + 1e-4)."""
    advantages: list[float] = []
    for start in range(0, len(rewards), group_size):
        group = rewards[start : start + group_size]
        mean, deviation = statistics.fmean(group), statistics.stdev(group)
        advantages += [(reward - mean) / (deviation + STD_FLOOR) for reward in group]
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
