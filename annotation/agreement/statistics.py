"""Agreement among raters, each figure with a 95 % bootstrap interval, its n and its base rate.

The point estimates are the libraries' (krippendorff, scikit-learn). The intervals come from
resampling items with replacement. A statistic of a resample needs only how often each distinct
pattern of ratings was drawn, so 1,000 resamples are one multinomial draw and a matrix product.

A table is items x raters, a missing rating None or NaN. Ratings are compared as numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np
import numpy.typing as npt
from scipy import sparse

Level = Literal["nominal", "ordinal"]
Weights = Literal["quadratic", "linear"] | None
Table = npt.ArrayLike | Sequence[Sequence[float | None]]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int_]

RESAMPLES = 1_000
# With more undefined resamples than this share, an interval would describe only the varied ones.
_UNDEFINED_SHARE = 0.05
# Matrices grow with the square of the number of values; 0 to 100 is the finest scale in use.
_MOST_VALUES = 101
# Resamples are worked off in blocks of about this many numbers, to bound the memory.
_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and all that is needed to trust it.

    `low` and `high` bound the 95 % interval. `n` counts items with any rating, `n_pairable`
    those with two or more. `base_rate` is the share of the commonest rating among the pairable:
    what a rater who always says the same would hit. A None has its `reason`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_pairable: int
    base_rate: float | None
    reason: str = ""


def alpha(
    table: Table, level: Level = "ordinal", *, n_resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Krippendorff's alpha (Krippendorff 2011, "Computing Krippendorff's alpha-reliability").

    Raises ValueError for an unknown level, and for a table that is not two-dimensional or has
    more than 101 distinct ratings: these two levels are for scales.
    """
    if level not in ("nominal", "ordinal"):
        raise ValueError(f"level is nominal or ordinal, not {level!r}")
    ratings = _ratings(table)
    if reason := _undefined(ratings, needs_variation=True):
        return _estimate(ratings, None, None, reason)
    patterns, drawn, size = _patterns(ratings)
    coincidences = _coincidences(patterns, size)

    def resampled(weights: Floats) -> Floats:
        return _alphas((weights @ coincidences).reshape(len(weights), size, size), level)

    value = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)
    return _estimate(ratings, float(value), _interval(resampled, drawn, n_resamples, seed))


def percent(table: Table, *, n_resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Share of agreeing pairs of ratings within an item, averaged over pairable items."""
    ratings = _ratings(table)
    if reason := _undefined(ratings, needs_variation=False):
        return _estimate(ratings, None, None, reason)
    patterns, drawn, size = _patterns(ratings)
    counts = (patterns[:, :, None] == np.arange(size)).sum(axis=1)
    sizes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (sizes * (sizes - 1))

    def resampled(weights: Floats) -> Floats:
        return weights @ agreeing / weights.sum(axis=1)

    value = float(resampled(drawn[None, :])[0])
    return _estimate(ratings, value, _interval(resampled, drawn, n_resamples, seed))


def cohen_kappa_weighted(
    first: Iterable[float | None],
    second: Iterable[float | None],
    *,
    weights: Weights = "quadratic",
    levels: Sequence[int] | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa of two raters' ratings of the same items (Cohen 1968).

    `levels` is the scale in order; weights are distances on it, so a level that nobody used
    still counts. Without it, the scale is every whole number from the lowest rating to the
    highest. Raises ValueError for sequences of unequal length and for ratings off the scale.
    """
    ratings = _ratings(list(zip(first, second, strict=True)))
    if reason := _undefined(ratings, needs_variation=True):
        return _estimate(ratings, None, None, reason)
    both = ratings[_pairable(ratings)]
    scale = np.asarray(levels if levels is not None else np.arange(both.min(), both.max() + 1))
    if not np.isin(both, scale).all():
        raise ValueError("a rating is not one of the levels")
    order = np.argsort(scale)
    places = order[np.searchsorted(scale, both, sorter=order)]
    cells = np.bincount(places[:, 0] * len(scale) + places[:, 1], minlength=len(scale) ** 2)
    penalties = _penalties(len(scale), weights)

    def resampled(drawn: Floats) -> Floats:
        return _kappas(drawn.reshape(len(drawn), len(scale), len(scale)), penalties)

    # Imported where it is needed: it takes a second, and every start of the web would pay it.
    from sklearn.metrics import cohen_kappa_score

    value = cohen_kappa_score(*places.T, labels=np.arange(len(scale)), weights=weights)
    interval = _interval(resampled, cells.astype(float), n_resamples, seed)
    return _estimate(ratings, float(value), interval)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far two raters agree with a reference on the same items, and the difference of the two.

    `change`, `low` and `high` are of second minus first, resampled together: an item that is
    easy for one is easy for the other. None where it is undefined, with the `reason`.
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
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Shift:
    """Quadratically weighted kappa of `first` and of `second` with `reference`, over the items
    that all three have rated, with the paired difference.

    Raises ValueError for sequences of unequal length and for ratings off the scale `levels`.
    """
    table = _ratings(list(zip(reference, first, second, strict=True)))
    rated = table[~np.isnan(table).any(axis=1)] if table.size else table.reshape(0, 3)
    one, other = (
        cohen_kappa_weighted(
            rated[:, 0], rated[:, column], levels=levels, n_resamples=n_resamples, seed=seed
        )
        for column in (1, 2)
    )
    if one.value is None or other.value is None:
        return Shift(one, other, None, None, None, len(rated), one.reason or other.reason)
    patterns, drawn = np.unique(rated, axis=0, return_counts=True)
    order = np.argsort(levels)
    places = order[np.searchsorted(np.asarray(levels), patterns, sorter=order)]
    size, penalties = len(levels), _penalties(len(levels), "quadratic")

    def kappas(weights: Floats, column: int) -> Floats:
        cells = np.zeros((len(patterns), size * size))
        cells[np.arange(len(patterns)), places[:, 0] * size + places[:, column]] = 1
        return _kappas((weights @ cells).reshape(len(weights), size, size), penalties)

    def resampled(weights: Floats) -> Floats:
        return kappas(weights, 2) - kappas(weights, 1)

    interval = _interval(resampled, drawn.astype(float), n_resamples, seed)
    low, high = interval or (None, None)
    reason = "" if interval else "no interval: too many resamples of these items do not vary"
    return Shift(one, other, other.value - one.value, low, high, len(rated), reason)


def _ratings(table: Table) -> Floats:
    ratings = np.array(table, dtype=float)
    if ratings.size == 0:
        return np.empty((0, 0))
    if ratings.ndim != 2:
        raise ValueError("a table has two dimensions: items x raters")
    if np.isinf(ratings).any():
        raise ValueError("a rating is infinite")
    return ratings


def _pairable(ratings: Floats) -> npt.NDArray[np.bool_]:
    return (~np.isnan(ratings)).sum(axis=1) >= 2


def _undefined(ratings: Floats, *, needs_variation: bool) -> str:
    """Why agreement can't be computed, or nothing."""
    given = ~np.isnan(ratings)
    if not given.any():
        return "no ratings"
    if given.any(axis=0).sum() < 2:
        return "one rater"
    pairable = _pairable(ratings)
    if not pairable.any():
        return "no item was rated twice"
    if pairable.sum() < 2:
        return "fewer than 2 items"
    values = ratings[pairable][given[pairable]]
    if needs_variation and (values == values[0]).all():
        return f"no variation: every rating is {values[0]:g}"
    return ""


def _patterns(ratings: Floats) -> tuple[Codes, Floats, int]:
    """Distinct pairable items as sorted value numbers, -1 missing: (P, raters); items with each
    pattern: (P,); how many values there are.
    """
    pairable = ratings[_pairable(ratings)]
    missing = np.isnan(pairable)
    values = np.unique(pairable[~missing])
    if len(values) > _MOST_VALUES:
        raise ValueError(f"{len(values)} distinct ratings; a scale has at most {_MOST_VALUES}")
    codes = np.where(missing, -1, np.searchsorted(values, pairable))
    patterns, drawn = np.unique(np.sort(codes, axis=1), axis=0, return_counts=True)
    return patterns, drawn.astype(float), len(values)


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
    pairable = totals.sum(axis=1)
    expected = (totals[:, :, None] * totals[:, None, :] * distances).sum(axis=(1, 2))
    observed = (coincidences * distances).sum(axis=(1, 2)) * (pairable - 1)
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


def _interval(
    statistic: Callable[[Floats], Floats], drawn: Floats, n_resamples: int, seed: int
) -> tuple[float, float] | None:
    """Percentiles 2.5 and 97.5 of the statistic over resampled items; None if it often fails."""
    items = int(drawn.sum())
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // max(len(drawn), _MOST_VALUES**2))
    found = np.concatenate(
        [
            statistic(random.multinomial(items, drawn / items, size=size).astype(float))
            for size in _blocks(n_resamples, block)
        ]
    )
    if np.isnan(found).mean() > _UNDEFINED_SHARE:
        return None
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def _blocks(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _estimate(
    ratings: Floats, value: float | None, interval: tuple[float, float] | None, reason: str = ""
) -> Estimate:
    given = ratings[_pairable(ratings)] if ratings.size else ratings
    values, counts = np.unique(given[~np.isnan(given)], return_counts=True)
    if value is not None and interval is None:
        reason = "no interval: too many resamples of these items show no variation"
    low, high = interval or (None, None)
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=int((~np.isnan(ratings)).any(axis=1).sum()) if ratings.size else 0,
        n_pairable=len(given),
        base_rate=float(counts.max() / counts.sum()) if len(values) else None,
        reason=reason,
    )
