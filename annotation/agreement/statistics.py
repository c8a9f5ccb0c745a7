"""Agreement among raters, each figure with a 95 % bootstrap interval, its n and its base rate.

The point estimates are the libraries' (krippendorff, scikit-learn). The intervals draw whole
profiles or dialogues; `tables.py` says how.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np
from scipy import sparse

from annotation.agreement.tables import (
    Codes,
    Estimate,
    Floats,
    Places,
    Table,
    as_ratings,
    clusters_in,
    estimate_of,
    interval_of,
    pairable,
    patterns_of,
    why_undefined,
)
from webapp.intervals import RESAMPLES, Bounds

Level = Literal["nominal", "ordinal"]
Weights = Literal["quadratic", "linear"] | None


def alpha(
    table: Table,
    level: Level = "ordinal",
    *,
    places: Places | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Krippendorff's alpha (Krippendorff 2011, "Computing Krippendorff's alpha-reliability").

    Raises ValueError for an unknown level, and for a table that is not two-dimensional or has
    more than 101 distinct ratings: these two levels are for scales.
    """
    if level not in ("nominal", "ordinal"):
        raise ValueError(f"level is nominal or ordinal, not {level!r}")
    ratings = as_ratings(table)
    clusters = clusters_in(ratings, places)
    if reason := why_undefined(ratings, needs_variation=True):
        return estimate_of(ratings, clusters, None, Bounds(None, None, reason))
    patterns, items, size = patterns_of(ratings)
    coincidences = _coincidences(patterns, size)

    def resampled(weights: Floats) -> Floats:
        return _alphas((weights @ coincidences).reshape(len(weights), size, size), level)

    value = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)
    bounds = interval_of(resampled, items, len(patterns), clusters, n_resamples, seed)
    return estimate_of(ratings, clusters, float(value), bounds)


def percent(
    table: Table, *, places: Places | None = None, n_resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Share of agreeing pairs of ratings within an item, averaged over pairable items."""
    ratings = as_ratings(table)
    clusters = clusters_in(ratings, places)
    if reason := why_undefined(ratings, needs_variation=False):
        return estimate_of(ratings, clusters, None, Bounds(None, None, reason))
    patterns, items, size = patterns_of(ratings)
    counts = (patterns[:, :, None] == np.arange(size)).sum(axis=1)
    sizes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (sizes * (sizes - 1))

    def resampled(weights: Floats) -> Floats:
        return weights @ agreeing / weights.sum(axis=1)

    value = float(agreeing[items].mean())
    bounds = interval_of(resampled, items, len(patterns), clusters, n_resamples, seed)
    return estimate_of(ratings, clusters, value, bounds)


def cohen_kappa_weighted(
    first: Iterable[float | None],
    second: Iterable[float | None],
    *,
    weights: Weights = "quadratic",
    levels: Sequence[int] | None = None,
    places: Places | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa of two raters' ratings of the same items (Cohen 1968).

    `levels` is the scale in order; weights are distances on it, so a level that nobody used
    still counts. Without it, the scale is every whole number from the lowest rating to the
    highest. Raises ValueError for sequences of unequal length and for ratings off the scale.
    """
    ratings = as_ratings(list(zip(first, second, strict=True)))
    clusters = clusters_in(ratings, places)
    if reason := why_undefined(ratings, needs_variation=True):
        return estimate_of(ratings, clusters, None, Bounds(None, None, reason))
    both = ratings[pairable(ratings)]
    scale = np.asarray(levels if levels is not None else np.arange(both.min(), both.max() + 1))
    if not np.isin(both, scale).all():
        raise ValueError("a rating is not one of the levels")
    order = np.argsort(scale)
    steps = order[np.searchsorted(scale, both, sorter=order)]
    cells = steps[:, 0] * len(scale) + steps[:, 1]
    penalties = _penalties(len(scale), weights)

    def resampled(drawn: Floats) -> Floats:
        return _kappas(drawn.reshape(len(drawn), len(scale), len(scale)), penalties)

    # Imported where it is needed: it takes a second, and every start of the web would pay it.
    from sklearn.metrics import cohen_kappa_score

    value = cohen_kappa_score(*steps.T, labels=np.arange(len(scale)), weights=weights)
    bounds = interval_of(resampled, cells, len(scale) ** 2, clusters, n_resamples, seed)
    return estimate_of(ratings, clusters, float(value), bounds)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far two raters agree with a reference on the same items, and the difference of the two.

    `change`, `low` and `high` are of second minus first, resampled together: an item that is
    easy for one is easy for the other. None where it is undefined, with the `reason`. `first` says
    what is drawn.
    """

    first: Estimate
    second: Estimate
    change: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""


def kappa_shift(
    reference: Iterable[float | None],
    first: Iterable[float | None],
    second: Iterable[float | None],
    *,
    levels: Sequence[int],
    places: Places | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Shift:
    """Quadratically weighted kappa of `first` and of `second` with `reference`, over the items
    that all three have rated, with the paired difference.

    Raises ValueError for sequences of unequal length and for ratings off the scale `levels`.
    """
    table = as_ratings(list(zip(reference, first, second, strict=True)))
    of_all = ~np.isnan(table).any(axis=1) if table.size else np.zeros(0, dtype=bool)
    rated = table[of_all] if table.size else table.reshape(0, 3)
    kept = None if places is None else [places[item] for item in np.flatnonzero(of_all).tolist()]
    one, other = (
        cohen_kappa_weighted(
            rated[:, 0],
            rated[:, column],
            levels=levels,
            places=kept,
            n_resamples=n_resamples,
            seed=seed,
        )
        for column in (1, 2)
    )
    if one.value is None or other.value is None:
        return Shift(one, other, None, None, None, len(rated), one.reason or other.reason)
    patterns, items = np.unique(rated, axis=0, return_inverse=True)
    order = np.argsort(levels)
    steps = order[np.searchsorted(np.asarray(levels), patterns, sorter=order)]
    size, penalties = len(levels), _penalties(len(levels), "quadratic")

    def kappas(weights: Floats, column: int) -> Floats:
        cells = np.zeros((len(patterns), size * size))
        cells[np.arange(len(patterns)), steps[:, 0] * size + steps[:, column]] = 1
        return _kappas((weights @ cells).reshape(len(weights), size, size), penalties)

    def resampled(weights: Floats) -> Floats:
        return kappas(weights, 2) - kappas(weights, 1)

    clusters = clusters_in(rated, kept)
    if (rated[:, 1] == rated[:, 2]).all():
        found = Bounds(None, None, "no interval: both gave the same levels")
    else:
        found = interval_of(resampled, items.ravel(), len(patterns), clusters, n_resamples, seed)
    change = other.value - one.value
    return Shift(one, other, change, found.low, found.high, len(rated), found.reason)


def _coincidences(patterns: Codes, size: int) -> sparse.csr_array:
    """Each pattern's coincidence matrix as a row, (P, K * K).

    Krippendorff 2011, step 2: every ordered pair of an item's ratings counts 1 / (ratings - 1).
    """
    one, other = np.nonzero(~np.eye(patterns.shape[1], dtype=bool))
    first, second = patterns[:, one], patterns[:, other]
    items, pairs = np.nonzero((first >= 0) & (second >= 0))
    cells = first[items, pairs] * size + second[items, pairs]
    shares = 1 / ((patterns >= 0).sum(axis=1) - 1)
    return sparse.csr_array((shares[items], (items, cells)), shape=(len(patterns), size * size))


def _alphas(coincidences: Floats, level: Level) -> Floats:
    """Alpha of each coincidence matrix (R, K, K); NaN where nothing varies."""
    totals = coincidences.sum(axis=2)
    distances = _distances(totals, level)
    rated = totals.sum(axis=1)
    expected = (totals[:, :, None] * totals[:, None, :] * distances).sum(axis=(1, 2))
    observed = (coincidences * distances).sum(axis=(1, 2)) * (rated - 1)
    return 1 - _ratio(observed, expected)


def _distances(totals: Floats, level: Level) -> Floats:
    """Squared differences between values, (R, K, K) or (K, K).

    Ordinal: (the ratings from one value to the other, the two ends counted half) squared.
    """
    if level == "nominal":
        return 1 - np.eye(totals.shape[1])
    middles = totals.cumsum(axis=1) - totals / 2
    return (middles[:, :, None] - middles[:, None, :]) ** 2


def _penalties(size: int, weights: Weights) -> Floats:
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    return {"quadratic": apart**2, "linear": apart, None: (apart > 0).astype(float)}[weights]


def _kappas(confusions: Floats, penalties: Floats) -> Floats:
    """Weighted kappa of each confusion matrix (R, K, K); NaN where chance leaves no room."""
    rows, columns = confusions.sum(axis=2), confusions.sum(axis=1)
    items = rows.sum(axis=1)
    expected = (rows[:, :, None] * columns[:, None, :] * penalties).sum(axis=(1, 2))
    observed = (confusions * penalties).sum(axis=(1, 2)) * items
    return 1 - _ratio(observed, expected)


def _ratio(observed: Floats, expected: Floats) -> Floats:
    return np.divide(observed, expected, out=np.full_like(expected, np.nan), where=expected > 0)
