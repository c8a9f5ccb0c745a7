"""95 % intervals: a bootstrap over clusters, and Wilson's for one share. All pages use these.

Values of one profile or dialogue are not independent, so what is drawn is whole clusters.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

RESAMPLES = 1_000
# With fewer clusters an interval would be too narrow to be true.
MIN_GROUPS = 5
# The normal distribution's quantile of a two-sided 95 % interval.
Z = 1.959964
# Figures that differ by less are equal: sums of floats are no exact numbers.
EQUAL = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """What is resampled: `unit` says what it is, `places` has the cluster of each value, counted
    from 0, `count` is how many there are."""

    unit: str
    places: npt.NDArray[np.int64]
    count: int

    @property
    def too_few(self) -> str:
        """Why there is no interval; empty where there are enough."""
        return "" if self.count >= MIN_GROUPS else f"fewer than {MIN_GROUPS} {self.unit}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The ends of an interval. Where there is none, both are None and `reason` says why."""

    low: float | None
    high: float | None
    reason: str = ""


def clusters_of(profiles: Sequence[Hashable], dialogues: Sequence[Hashable]) -> Clusters:
    """The profiles of the values, or their dialogues where there is one profile only."""
    unit = "profiles" if len(set(profiles)) > 1 else "dialogues"
    return groups_of(profiles if unit == "profiles" else dialogues, unit)


def groups_of(names: Sequence[Hashable], unit: str) -> Clusters:
    """The clusters of values that have these names."""
    # In the order of their first value, so that the draws do not depend on the ids.
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return Clusters(unit, np.array([places[name] for name in names], dtype=np.int64), len(places))


def each_alone(count: int, unit: str) -> Clusters:
    """Clusters of one value each."""
    return Clusters(unit, np.arange(count, dtype=np.int64), count)


def resampled_shares(
    parts: Floats, wholes: Floats, *, n_resamples: int = RESAMPLES, seed: int = 0
) -> Floats:
    """Sum of `parts` over sum of `wholes` in each resample: (n_resamples,), 0 where that is 0 / 0.

    parts, wholes: (n,), one for each cluster.
    """
    count = len(parts)
    drawn = np.random.default_rng(seed).integers(0, count, (n_resamples, count))
    above, below = parts[drawn].sum(axis=1), wholes[drawn].sum(axis=1)
    return np.divide(above, below, out=np.zeros(n_resamples), where=below > 0)


def resampled_means(
    values: Floats, clusters: Clusters, *, n_resamples: int = RESAMPLES, seed: int = 0
) -> Floats:
    """The mean of `values` (n,) in each resample of their clusters: (n_resamples,)."""
    sums = np.bincount(clusters.places, values).astype(float)
    counts = np.bincount(clusters.places).astype(float)
    return resampled_shares(sums, counts, n_resamples=n_resamples, seed=seed)


def mean_bounds(values: Floats, clusters: Clusters) -> Bounds:
    """The 95 % interval of the mean of `values` (n,)."""
    if clusters.too_few:
        return Bounds(None, None, clusters.too_few)
    return percentile_bounds(resampled_means(values, clusters), clusters.unit)


def wilson(k: float, n: float) -> tuple[float, float]:
    """The interval of the share `k` of `n`, n above 0. Source: Wilson, Probable inference, the law
    of succession, and statistical inference (1927)."""
    share, z2 = k / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def wilson_of_clusters(hits: Floats, clusters: Clusters) -> Bounds:
    """Wilson's interval of the share of `hits` (n,), 0 or 1 each, for so many independent values
    as the clusters are worth: n over the design effect, and never more than n. Source: Rao and
    Scott, A simple method for the analysis of clustered binary data (1992)."""
    if clusters.too_few:
        return Bounds(None, None, clusters.too_few)
    n, count, share = len(hits), clusters.count, float(hits.mean())
    rests = np.bincount(clusters.places, hits - share)
    variance = count / (count - 1) * float((rests**2).sum()) / n**2
    if share in (0.0, 1.0):
        # Nothing says how alike the values of a cluster are: each cluster counts as one.
        worth = float(count)
    else:
        worth = min(n, share * (1 - share) / variance) if variance > EQUAL else float(n)
    return Bounds(*wilson(share * worth, worth))


def sign_flip_p(groups: int) -> float:
    """Two-sided p of a difference that is the same, and not 0, in all `groups`: of all ways to turn
    the signs of whole groups, two are as far from 0. Source: Fisher, The Design of Experiments
    (1935), section 21."""
    return min(1.0, 2 * 0.5**groups)


def percentile_bounds(figures: Floats, unit: str) -> Bounds:
    """Percentiles 2.5 and 97.5 of the resampled `figures` (n_resamples,), NaN left out.

    Where no resample differs, the clusters are alike and a bootstrap has nothing to draw from:
    then there is no interval, rather than one without width.
    """
    if np.nanmax(figures) - np.nanmin(figures) <= EQUAL:
        return Bounds(None, None, f"all {unit} are alike")
    low, high = np.nanpercentile(figures, [2.5, 97.5])
    return Bounds(float(low), float(high))
