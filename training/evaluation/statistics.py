"""Means and paired differences with bootstrap intervals over groups. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
# With fewer profiles an interval would be too narrow to be true, as in a generation's report.
MIN_GROUPS = 5


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` values of `groups` groups. The interval is None for fewer than MIN_GROUPS.

    `p` is two-sided, for a mean of 0; it is of use for differences only."""

    value: float
    low: float | None
    high: float | None
    n: int
    groups: int
    p: float | None


def mean_of(values: np.ndarray, groups: np.ndarray, *, seed: int) -> Estimate | None:
    """The mean of `values` with its 95 % percentile interval; None where there is no value.

    values: (n,), NaN where there is none. groups: (n,), the profile of each value: the bootstrap
    draws whole profiles, because prompts of one profile are not independent.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    present = ~np.isnan(values)
    found, labels = values[present], groups[present]
    if not len(found):
        return None
    _, index = np.unique(labels, return_inverse=True)
    sums, counts = np.bincount(index, weights=found), np.bincount(index)
    low = high = p = None
    if len(counts) >= MIN_GROUPS:
        drawn = np.random.default_rng(seed).integers(0, len(counts), (RESAMPLES, len(counts)))
        means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
        low, high = (float(bound) for bound in np.percentile(means, [2.5, 97.5]))
        p = _two_sided(means)
    return Estimate(float(found.mean()), low, high, len(found), len(counts), p)


def difference_of(
    one: np.ndarray, other: np.ndarray, groups: np.ndarray, *, seed: int
) -> Estimate | None:
    """The mean of `one - other`, prompt by prompt; what either of them lacks is left out."""
    return mean_of(one - other, groups, seed=seed)


def clear_after_holm(estimates: Sequence[Estimate | None], *, level: float = 0.05) -> list[bool]:
    """Which differences from 0 are clear when all of them are looked at together.

    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    ps = sorted((e.p, at) for at, e in enumerate(estimates) if e is not None and e.p is not None)
    clear = [False] * len(estimates)
    for rank, (p, at) in enumerate(ps):
        if p * (len(ps) - rank) > level:
            break
        clear[at] = True
    return clear


def _two_sided(means: np.ndarray) -> float:
    """The share of resamples on the far side of 0, twice, and never 0 itself."""
    below, above = (means <= 0).sum(), (means >= 0).sum()
    return float(min(1.0, 2 * (min(below, above) + 1) / (len(means) + 1)))
