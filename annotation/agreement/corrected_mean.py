"""The mean that people would give to a whole set, from a judge's levels for all of it and people's
levels for a part.

A judge whose levels are too high moves its mean, however many replies it scores. The replies that
people rated show by how much. This is prediction-powered inference with a tuned weight of the judge
(Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453), with clusters for the variance:

    value = mean of y over the rated + w * (mean of f over the others - mean of f over the rated)

y: the mean of people's levels of a reply, f: the judge's. w is between 0 and 1 and makes the
variance least: a judge that says nothing about people's levels gets 0, and the people's mean is
left. It is right where the rated replies are a random part of the set.

On a scale of two levels the mean is a share. Most shares are near an end, where an interval from a
variance is too narrow: there the value is people's share, with Wilson's interval.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from annotation.agreement.tables import MIN_ITEMS, Places
from webapp.intervals import (
    EQUAL,
    MIN_GROUPS,
    Bounds,
    Clusters,
    clusters_of,
    wilson_of_clusters,
)

Floats = npt.NDArray[np.float64]
K = TypeVar("K", bound=Hashable)
_QUANTILE = 0.975


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """`raw`: the judge's mean of all `of` replies. `value` with its 95 % interval `low` to `high`:
    corrected by the `n` that people rated, which are of `groups` profiles or dialogues (`unit`).
    `shift`: how far the judge's mean is above it, with the interval `off`. `weight`: how much the
    judge counts, 0 to 1. Without a value, `reason` says why."""

    raw: float
    of: int
    n: int
    unit: str = ""
    groups: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    shift: float | None = None
    off: Bounds = Bounds(None, None)
    weight: float = 0.0
    reason: str = ""
    # The variance that comes from the rated replies, and from the others.
    _rated: float = 0.0
    _others: float = 0.0

    @property
    def distance(self) -> float | None:
        return None if self.shift is None else abs(self.shift)

    @property
    def is_too_high(self) -> bool:
        return self.off.low is not None and self.off.low > 0

    @property
    def is_too_low(self) -> bool:
        return self.off.high is not None and self.off.high < 0

    def more_for_part(self, part: float) -> int | None:
        """About how many more of these replies people must rate until the interval has this part
        of its width. None where even all of them are too few, or that is not known."""
        # The variance goes with the square of the width.
        wanted = (self._rated + self._others) * part**2 - self._others
        if self.low is None or wanted <= 0 or not self._rated:
            return None
        more = ceil(self.n * (self._rated / wanted - 1))
        return more if more <= self.of - self.n else None


def corrected_mean(
    judged: Mapping[K, float],
    rated: Mapping[K, float],
    places: Mapping[K, tuple[Hashable, Hashable]],
    scale: Sequence[int],
) -> CorrectedMean:
    """The mean of all replies in `judged` (the judge's level of each), corrected by those that are
    in `rated` too (people's level). `places`: profile and dialogue of each; a variance between
    single replies would be too small where several are of one person. `scale`: the levels of the
    criterion.

    Raises ValueError where nothing was judged.
    """
    if not judged:
        raise ValueError("The judge scored nothing.")
    keys = list(judged)
    levels = np.array([judged[key] for key in keys], dtype=float)
    is_rated = np.array([key in rated for key in keys])
    raw, n = float(levels.mean()), int(is_rated.sum())
    if n < MIN_ITEMS:
        reason = f"too few: people rated {n} of these, {MIN_ITEMS} are needed"
        return CorrectedMean(raw, len(keys), n, reason=reason)
    clusters = clusters_of(*_columns([places[key] for key in keys]))
    groups = len(set(clusters.places[is_rated].tolist()))
    if groups < MIN_GROUPS:
        reason = (
            f"too few: what people rated is of {groups} {clusters.unit}, {MIN_GROUPS} are needed"
        )
        return CorrectedMean(raw, len(keys), n, clusters.unit, groups, reason=reason)
    given = np.array([rated.get(key, 0.0) for key in keys], dtype=float)
    known = CorrectedMean(raw, len(keys), n, clusters.unit, groups)
    if len(scale) == 2:
        return _share(known, given[is_rated], clusters.places[is_rated], scale)
    people = _influence(given, is_rated, clusters.places, clusters.count)
    judge_there = _influence(levels, is_rated, clusters.places, clusters.count)
    judge_else = _influence(levels, ~is_rated, clusters.places, clusters.count)
    weight = _best_weight(people, judge_else - judge_there) if n < len(keys) else 0.0
    ahead = weight * (levels[~is_rated].mean() - levels[is_rated].mean()) if weight else 0.0
    value = float(given[is_rated].mean() + ahead)
    total = people + weight * (judge_else - judge_there)
    half = _half_width(total, groups)
    shift, everywhere = raw - value, np.full(len(keys), True)
    half_off = _half_width(
        _influence(levels, everywhere, clusters.places, clusters.count) - total, groups
    )
    of_rated, of_others = people - weight * judge_there, weight * judge_else
    known = replace(known, value=value, shift=shift, weight=weight)
    if half <= EQUAL:
        # An interval without width would claim to be certain.
        reason = f"no interval: all {clusters.unit} that people rated are alike"
        return replace(known, reason=reason)
    return replace(
        known,
        low=max(value - half, min(scale)),
        high=min(value + half, max(scale)),
        off=Bounds(shift - half_off, shift + half_off),
        _rated=float(of_rated @ of_rated),
        _others=float(of_others @ of_others),
    )


def _share(
    known: CorrectedMean, given: Floats, places: npt.NDArray[np.int64], scale: Sequence[int]
) -> CorrectedMean:
    """What people gave alone, on a scale of two levels."""
    least, width = min(scale), max(scale) - min(scale)
    shares = (given - least) / width
    names, numbers = np.unique(places, return_inverse=True)
    clusters = Clusters(known.unit, numbers.astype(np.int64), len(names))
    bounds, value = wilson_of_clusters(shares, clusters), float(given.mean())
    if bounds.low is None or bounds.high is None:
        return replace(known, value=value, shift=known.raw - value, reason=bounds.reason)
    low, high = least + width * bounds.low, least + width * bounds.high
    return replace(
        known,
        value=value,
        low=low,
        high=high,
        shift=known.raw - value,
        off=Bounds(known.raw - high, known.raw - low),
    )


def _half_width(influence: Floats, groups: int) -> float:
    """Of the 95 % interval of a figure that each cluster moves by so much. People's levels are the
    scarce part, so that `groups`, theirs, decide how much wider it is than a normal one."""
    variance = groups / (groups - 1) * float(influence @ influence)
    return float(t.ppf(_QUANTILE, groups - 1)) * sqrt(variance)


def _columns(places: Places) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
    profiles, dialogues = zip(*places, strict=True)
    return profiles, dialogues


def _influence(
    values: Floats, chosen: npt.NDArray[np.bool_], places: npt.NDArray[np.int64], count: int
) -> Floats:
    """How far each cluster moves the mean of the chosen values; zeros where none is chosen. The
    sum of squares estimates the variance of that mean."""
    if not chosen.any():
        return np.zeros(count)
    kept = values[chosen]
    shares = (kept - kept.mean()) / len(kept)
    return np.bincount(places[chosen], shares, minlength=count).astype(float)


def _best_weight(people: Floats, judge: Floats) -> float:
    """The weight with which `people + weight * judge` varies least, within 0 to 1."""
    spread = float(judge @ judge)
    return float(np.clip(-float(people @ judge) / spread, 0, 1)) if spread > 0 else 0.0
