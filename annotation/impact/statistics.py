"""What a new text of a rubric changes, in figures, each with a 95 % bootstrap interval and its n.

What is drawn is texts, or groups of replies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from webapp.intervals import each_alone, mean_bounds, percentile_bounds, resampled_shares

# As in TRL's group normalisation.
STD_FLOOR = 1e-4
# Rewards that differ by less are a tie: sums of weights are no exact numbers.
TIE = 1e-9

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure over `n` units; None with its reason where it is undefined. `low` and `high`
    bound the interval; where there is none, `reason` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How a new text ranks the replies of a group, beside the old one.

    `tau` is Kendall's tau-b between the two rankings, the mean over groups that both rank.
    `flipped` is the share of pairs that change places, of those that the old text told apart.
    `advantage` is the mean absolute change of (reward - mean) / deviation of its group: what
    GRPO learns from.
    """

    groups: int
    replies: int
    tau: Measured
    flipped: Measured
    advantage: Measured


def mean_of(changes: Sequence[float], *, resample: bool = True, unit: str = "texts") -> Measured:
    """The mean of `changes`, one for each `unit`; without an interval where not to `resample`."""
    if not changes:
        return Measured(None, None, None, 0, "no text has both scores")
    values = np.asarray(changes, dtype=float)
    if not resample:
        return Measured(
            float(values.mean()), None, None, len(values), "not all texts are scored yet"
        )
    bounds = mean_bounds(values, each_alone(len(values), unit))
    return Measured(float(values.mean()), bounds.low, bounds.high, len(values), bounds.reason)


def ranking_of(groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Ranking:
    """`groups` holds the rewards of each group's replies by the old text and by the new one, two
    replies or more."""
    pairs = [_flips(before, after) for before, after in groups]
    told_apart = np.asarray([known for _, known in pairs], dtype=float)
    flips = np.asarray([flipped for flipped, _ in pairs], dtype=float)
    taus = [tau for before, after in groups if (tau := _tau(before, after)) is not None]
    moved = np.asarray([_moved(before, after) for before, after in groups], dtype=float)
    return Ranking(
        groups=len(groups),
        replies=sum(len(before) for before, _ in groups),
        tau=_mean_or(taus, "no group has different scores with both wordings"),
        flipped=_share(flips, told_apart),
        advantage=_mean_or(moved.tolist(), "there are no groups"),
    )


def advantages(rewards: Sequence[float]) -> Floats:
    """(reward - mean) / (deviation + 1e-4) of one group."""
    values = np.asarray(rewards, dtype=float)
    return (values - values.mean()) / (values.std(ddof=1) + STD_FLOOR)


def _moved(before: Sequence[float], after: Sequence[float]) -> float:
    return float(np.abs(advantages(after) - advantages(before)).mean())


def _flips(before: Sequence[float], after: Sequence[float]) -> tuple[int, int]:
    """(pairs that change places, pairs that were told apart)"""
    flipped = known = 0
    for i, j in combinations(range(len(before)), 2):
        old, new = before[i] - before[j], after[i] - after[j]
        if abs(old) > TIE:
            known += 1
            flipped += abs(new) > TIE and (old > 0) != (new > 0)
    return flipped, known


def _tau(before: Sequence[float], after: Sequence[float]) -> float | None:
    # Imported where it is needed: it takes a while, and every start of the web would pay it.
    from scipy.stats import kendalltau

    if any(max(side) - min(side) <= TIE for side in (before, after)):
        return None
    tau = kendalltau(np.round(before, 9), np.round(after, 9)).statistic
    return None if np.isnan(tau) else float(tau)


def _mean_or(values: Sequence[float], reason: str) -> Measured:
    return mean_of(values, unit="groups") if values else Measured(None, None, None, 0, reason)


def _share(part: Floats, whole: Floats) -> Measured:
    """The share over all groups; groups are what is resampled, `n` counts pairs."""
    pairs = int(whole.sum())
    if not pairs:
        return Measured(
            None, None, None, 0, "with the old wording, all replies of a group have the same score"
        )
    value, groups = float(part.sum() / pairs), each_alone(len(part), "groups")
    if groups.too_few:
        return Measured(value, None, None, pairs, groups.too_few)
    bounds = percentile_bounds(resampled_shares(part, whole), groups.unit)
    return Measured(value, bounds.low, bounds.high, pairs, bounds.reason)
