"""Agreement among raters, each figure with a 95 % bootstrap interval, its n and its base rate.

The point estimates are the libraries' (krippendorff, scikit-learn). The intervals come from
resampling with replacement. What is drawn is profiles, or dialogues where there is one profile:
replies to one person are not independent, and over items an interval would be too narrow. A
statistic of a resample needs only how often each distinct pattern of ratings was drawn, so 1,000
resamples are one multinomial draw and matrix products.

A table is items x raters, a missing rating None or NaN. Ratings are compared as numbers. `places`
has the (profile, dialogue) of each item; without it items count as independent.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np
import numpy.typing as npt
from scipy import sparse

from webapp.intervals import RESAMPLES, Bounds, Clusters, clusters_of, each_alone, percentile_bounds

Level = Literal["nominal", "ordinal"]
Weights = Literal["quadratic", "linear"] | None
Table = npt.ArrayLike | Sequence[Sequence[float | None]]
Places = Sequence[tuple[Hashable, Hashable]]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int_]

# With fewer, one item alone moves the share of agreement by more than .1.
MIN_ITEMS = 10
_TOO_FEW = "too few: "
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
    what a rater who always says the same would hit. The bootstrap draws `groups` clusters,
    `unit` says what they are: profiles, dialogues or items. A None has its `reason`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_pairable: int
    base_rate: float | None
    unit: str
    groups: int
    reason: str = ""

    @property
    def is_too_few(self) -> bool:
        """Whether there are ratings to compare, but fewer than MIN_ITEMS items of them."""
        return self.reason.startswith(_TOO_FEW)

    @property
    def why_none(self) -> str:
        """Why there is no value, as pages say it."""
        return self.reason if self.is_too_few else f"undefined: {self.reason}"


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
    ratings = _ratings(table)
    clusters = _clusters(ratings, places)
    if reason := _undefined(ratings, needs_variation=True):
        return _estimate(ratings, clusters, None, Bounds(None, None, reason))
    patterns, items, size = _patterns(ratings)
    coincidences = _coincidences(patterns, size)

    def resampled(weights: Floats) -> Floats:
        return _alphas((weights @ coincidences).reshape(len(weights), size, size), level)

    value = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)
    bounds = _interval(resampled, items, len(patterns), clusters, n_resamples, seed)
    return _estimate(ratings, clusters, float(value), bounds)


def percent(
    table: Table, *, places: Places | None = None, n_resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Share of agreeing pairs of ratings within an item, averaged over pairable items."""
    ratings = _ratings(table)
    clusters = _clusters(ratings, places)
    if reason := _undefined(ratings, needs_variation=False):
        return _estimate(ratings, clusters, None, Bounds(None, None, reason))
    patterns, items, size = _patterns(ratings)
    counts = (patterns[:, :, None] == np.arange(size)).sum(axis=1)
    sizes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (sizes * (sizes - 1))

    def resampled(weights: Floats) -> Floats:
        return weights @ agreeing / weights.sum(axis=1)

    value = float(agreeing[items].mean())
    bounds = _interval(resampled, items, len(patterns), clusters, n_resamples, seed)
    return _estimate(ratings, clusters, value, bounds)


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
    ratings = _ratings(list(zip(first, second, strict=True)))
    clusters = _clusters(ratings, places)
    if reason := _undefined(ratings, needs_variation=True):
        return _estimate(ratings, clusters, None, Bounds(None, None, reason))
    both = ratings[_pairable(ratings)]
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
    bounds = _interval(resampled, cells, len(scale) ** 2, clusters, n_resamples, seed)
    return _estimate(ratings, clusters, float(value), bounds)


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
    table = _ratings(list(zip(reference, first, second, strict=True)))
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

    clusters = _clusters(rated, kept)
    if (rated[:, 1] == rated[:, 2]).all():
        found = Bounds(None, None, "no interval: both gave the same levels")
    else:
        found = _interval(resampled, items.ravel(), len(patterns), clusters, n_resamples, seed)
    change = other.value - one.value
    return Shift(one, other, change, found.low, found.high, len(rated), found.reason)


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


def _clusters(ratings: Floats, places: Places | None) -> Clusters:
    """What the bootstrap of pairable items draws."""
    pairable: list[int] = np.flatnonzero(_pairable(ratings)).tolist() if ratings.size else []
    if places is None:
        return each_alone(len(pairable), "items")
    kept = [places[item] for item in pairable]
    return clusters_of([profile for profile, _ in kept], [dialogue for _, dialogue in kept])


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
    if pairable.sum() < MIN_ITEMS:
        return f"{_TOO_FEW}{pairable.sum()} of at least {MIN_ITEMS} items"
    values = ratings[pairable][given[pairable]]
    if needs_variation and (values == values[0]).all():
        return f"no variation: every rating is {values[0]:g}"
    return ""


def _patterns(ratings: Floats) -> tuple[Codes, Codes, int]:
    """Distinct pairable items as sorted value numbers, -1 missing: (P, raters); the pattern of
    each pairable item: (N,); how many values there are.
    """
    pairable = ratings[_pairable(ratings)]
    missing = np.isnan(pairable)
    values = np.unique(pairable[~missing])
    if len(values) > _MOST_VALUES:
        raise ValueError(f"{len(values)} distinct ratings; a scale has at most {_MOST_VALUES}")
    codes = np.where(missing, -1, np.searchsorted(values, pairable))
    patterns, items = np.unique(np.sort(codes, axis=1), axis=0, return_inverse=True)
    return patterns, items.ravel(), len(values)


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
    statistic: Callable[[Floats], Floats],
    items: Codes,
    patterns: int,
    clusters: Clusters,
    n_resamples: int,
    seed: int,
) -> Bounds:
    """Percentiles 2.5 and 97.5 of the statistic over resampled clusters.

    items: (N,), the pattern of each item, of so many `patterns`. The statistic takes (R, patterns),
    how often each was drawn.
    """
    if clusters.too_few:
        return Bounds(None, None, f"no interval: {clusters.too_few}")
    if clusters.unit == "items":
        # Items with the same pattern are drawn together, which is faster.
        alike, contents = np.bincount(items, minlength=patterns).astype(float), None
    else:
        alike = np.ones(clusters.count)
        shape = (clusters.count, patterns)
        contents = sparse.csr_array((np.ones(len(items)), (clusters.places, items)), shape=shape)
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // max(len(alike), patterns, _MOST_VALUES**2))

    def drawn(size: int) -> Floats:
        counts = random.multinomial(clusters.count, alike / clusters.count, size=size).astype(float)
        return counts if contents is None else counts @ contents

    found = np.concatenate([statistic(drawn(size)) for size in _blocks(n_resamples, block)])
    if np.isnan(found).mean() > _UNDEFINED_SHARE:
        reason = f"no interval: too many resamples of these {clusters.unit} show no variation"
        return Bounds(None, None, reason)
    bounds = percentile_bounds(found, clusters.unit)
    return bounds if not bounds.reason else Bounds(None, None, f"no interval: {bounds.reason}")


def _blocks(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _estimate(ratings: Floats, clusters: Clusters, value: float | None, bounds: Bounds) -> Estimate:
    given = ratings[_pairable(ratings)] if ratings.size else ratings
    values, counts = np.unique(given[~np.isnan(given)], return_counts=True)
    return Estimate(
        value=value,
        low=bounds.low,
        high=bounds.high,
        n=int((~np.isnan(ratings)).any(axis=1).sum()) if ratings.size else 0,
        n_pairable=len(given),
        base_rate=float(counts.max() / counts.sum()) if len(values) else None,
        unit=clusters.unit,
        groups=clusters.count,
        reason=bounds.reason,
    )
