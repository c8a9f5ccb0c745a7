"""95 % intervals by a bootstrap over clusters.

Values of one profile or dialogue are not independent, so what is drawn is whole clusters.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 1_000
# With fewer clusters an interval would be too narrow to be true.
MIN_GROUPS = 5
# Figures that differ by less are equal: sums of floats are no exact numbers.
_EQUAL = 1e-12

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


def percentile_bounds(figures: Floats, unit: str) -> Bounds:
    """Percentiles 2.5 and 97.5 of the resampled `figures` (n_resamples,), NaN left out.

    Where no resample differs, the clusters are alike and a bootstrap has nothing to draw from:
    then there is no interval, rather than one without width.
    """
    if np.nanmax(figures) - np.nanmin(figures) <= _EQUAL:
        return Bounds(None, None, f"all {unit} are alike")
    low, high = np.nanpercentile(figures, [2.5, 97.5])
    return Bounds(float(low), float(high))
