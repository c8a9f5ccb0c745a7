"""Means and paired differences with bootstrap intervals over groups. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webapp.intervals import EQUAL, Clusters, percentile_bounds, resampled_means, sign_flip_p

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` values of `groups` groups. Where there is no interval, `reason` says why.

    `p` is two-sided, for a mean of 0; it is of use for differences only. None with too few groups.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    groups: int
    p: float | None
    reason: str = ""


def mean_of(values: np.ndarray, groups: np.ndarray, *, seed: int) -> Estimate | None:
    """The mean of `values` with its 95 % percentile interval; None where there is no value.

    values: (n,), NaN where there is none. groups: (n,), the profile of each value: the bootstrap
    draws whole profiles, because prompts of one profile are not independent.
    """
    present = ~np.isnan(values)
    found, labels = values[present], groups[present]
    if not len(found):
        return None
    # By their names, so that the draws do not depend on the order of prompts.
    _, places = np.unique(labels, return_inverse=True)
    clusters = Clusters("profiles", places, int(places.max()) + 1)
    value, count = float(found.mean()), clusters.count
    if clusters.too_few:
        return Estimate(value, None, None, len(found), count, None, clusters.too_few)
    means = resampled_means(found, clusters, n_resamples=RESAMPLES, seed=seed)
    bounds = percentile_bounds(means, clusters.unit)
    p = _p_of_alike(value, count) if bounds.reason else _two_sided(means)
    return Estimate(value, bounds.low, bounds.high, len(found), count, p, bounds.reason)


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


def _p_of_alike(value: float, groups: int) -> float:
    """Where all profiles have the same mean, a bootstrap would say that it is certain."""
    return sign_flip_p(groups) if abs(value) > EQUAL else 1.0


def _two_sided(means: np.ndarray) -> float:
    """The share of resamples on the far side of 0, twice, and never 0 itself."""
    below, above = (means <= 0).sum(), (means >= 0).sum()
    return float(min(1.0, 2 * (min(below, above) + 1) / (len(means) + 1)))
