"""Tables of ratings, items x raters, and what all figures of agreement share: which items count,
why there is no figure, and the interval.

The intervals come from resampling with replacement. What is drawn is profiles, or dialogues where
there is one profile: replies to one person are not independent, and over items an interval would
be too narrow. A statistic of a resample needs only how often each distinct pattern of ratings was
drawn, so 1,000 resamples are one multinomial draw and matrix products.

A missing rating is None or NaN. Ratings are compared as numbers. `places` has the (profile,
dialogue) of each item; without it items count as independent.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from webapp.intervals import Bounds, Clusters, clusters_of, each_alone, percentile_bounds

Table = npt.ArrayLike | Sequence[Sequence[float | None]]
Places = Sequence[tuple[Hashable, Hashable]]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int_]
Mask = npt.NDArray[np.bool_]

# With fewer, one item alone moves the share of agreement by more than .1.
MIN_ITEMS = 10
_TOO_FEW = "too few: "
# With more undefined resamples than this share, an interval would describe only the varied ones.
_UNDEFINED_SHARE = 0.05
# Matrices grow with the square of the number of values; 0 to 100 is the finest scale in use.
MOST_VALUES = 101
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


def as_ratings(table: Table) -> Floats:
    ratings = np.array(table, dtype=float)
    if ratings.size == 0:
        return np.empty((0, 0))
    if ratings.ndim != 2:
        raise ValueError("a table has two dimensions: items x raters")
    if np.isinf(ratings).any():
        raise ValueError("a rating is infinite")
    return ratings


def pairable(ratings: Floats) -> Mask:
    return (~np.isnan(ratings)).sum(axis=1) >= 2


def clusters_in(ratings: Floats, places: Places | None, counted: Mask | None = None) -> Clusters:
    """What the bootstrap of the `counted` items draws: of the pairable ones, if nothing is said."""
    if counted is None and ratings.size:
        counted = pairable(ratings)
    items: list[int] = [] if counted is None else np.flatnonzero(counted).tolist()
    if places is None:
        return each_alone(len(items), "items")
    kept = [places[item] for item in items]
    return clusters_of([profile for profile, _ in kept], [dialogue for _, dialogue in kept])


def why_undefined(ratings: Floats, *, needs_variation: bool) -> str:
    """Why agreement can't be computed, or nothing."""
    given = ~np.isnan(ratings)
    if not given.any():
        return "no ratings"
    if given.any(axis=0).sum() < 2:
        return "one rater"
    twice = pairable(ratings)
    if not twice.any():
        return "no item was rated twice"
    if few := too_few(int(twice.sum())):
        return few
    values = ratings[twice][given[twice]]
    if needs_variation and (values == values[0]).all():
        return f"no variation: every rating is {values[0]:g}"
    return ""


def too_few(items: int) -> str:
    """Why there is no figure of so many items; empty where there are enough."""
    return f"{_TOO_FEW}{items} of at least {MIN_ITEMS} items" if items < MIN_ITEMS else ""


def patterns_of(ratings: Floats) -> tuple[Codes, Codes, int]:
    """Distinct pairable items as sorted value numbers, -1 missing: (P, raters); the pattern of
    each pairable item: (N,); how many values there are.
    """
    rated = ratings[pairable(ratings)]
    missing = np.isnan(rated)
    values = np.unique(rated[~missing])
    if len(values) > MOST_VALUES:
        raise ValueError(f"{len(values)} distinct ratings; a scale has at most {MOST_VALUES}")
    codes = np.where(missing, -1, np.searchsorted(values, rated))
    patterns, items = np.unique(np.sort(codes, axis=1), axis=0, return_inverse=True)
    return patterns, items.ravel(), len(values)


def interval_of(
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
    widest = max(len(alike), patterns, MOST_VALUES**2)

    def drawn(size: int) -> Floats:
        counts = random.multinomial(clusters.count, alike / clusters.count, size=size).astype(float)
        return counts if contents is None else counts @ contents

    found = np.concatenate([statistic(drawn(size)) for size in blocks_of(n_resamples, widest)])
    if np.isnan(found).mean() > _UNDEFINED_SHARE:
        reason = f"no interval: too many resamples of these {clusters.unit} show no variation"
        return Bounds(None, None, reason)
    bounds = percentile_bounds(found, clusters.unit)
    return bounds if not bounds.reason else Bounds(None, None, f"no interval: {bounds.reason}")


def blocks_of(total: int, numbers: int) -> list[int]:
    """The sizes of the blocks in which `total` resamples of so many numbers each are worked off."""
    most = max(1, _BLOCK // numbers)
    return [min(most, total - start) for start in range(0, total, most)]


def estimate_of(
    ratings: Floats, clusters: Clusters, value: float | None, bounds: Bounds
) -> Estimate:
    given = ratings[pairable(ratings)] if ratings.size else ratings
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
