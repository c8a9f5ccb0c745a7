"""Intraclass correlations of raters who all rated the same items: ICC(2,1) and ICC(2,k).

Two-way random effects, absolute agreement: items and raters are samples, and a rater who is always
one level higher lowers the figure. Source: Shrout and Fleiss, Intraclass correlations (1979).
"""

from dataclasses import dataclass

import numpy as np

from annotation.agreement.tables import (
    Estimate,
    Floats,
    Mask,
    Places,
    Table,
    as_ratings,
    clusters_in,
    estimate_of,
    interval_of,
    pairable,
    too_few,
    why_undefined,
)
from webapp.intervals import RESAMPLES, Bounds, Clusters

# Sums of squares below this are 0: sums of floats are no exact numbers.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Correlations:
    """`single` is the reliability of one rater's level, `mean` that of the mean of all `raters`."""

    raters: int
    single: Estimate
    mean: Estimate


def icc(
    table: Table, *, places: Places | None = None, n_resamples: int = RESAMPLES, seed: int = 0
) -> Correlations:
    """ICC(2,1) and ICC(2,k) of the items that the same k raters all rated.

    Where not everybody rated everything, these are the raters who have most ratings of shared
    items. `n` of the estimates counts those items.
    """
    ratings = as_ratings(table)
    items, raters = _complete(ratings)
    used = ratings[items][:, raters] if ratings.size else ratings
    kept = None if places is None else [places[item] for item in np.flatnonzero(items).tolist()]
    clusters = clusters_in(used, kept)
    if reason := _undefined(ratings, used):
        none = estimate_of(used, clusters, None, Bounds(None, None, reason))
        return Correlations(int(raters.sum()), none, none)
    patterns, alike = np.unique(used, axis=0, return_inverse=True)
    options = (patterns, alike.ravel(), clusters, n_resamples, seed)
    return Correlations(
        raters=int(raters.sum()),
        single=_estimated(used, *options, of_mean=False),
        mean=_estimated(used, *options, of_mean=True),
    )


def _undefined(ratings: Floats, used: Floats) -> str:
    """Why there is no figure. All the ratings say whether anybody rated an item twice at all."""
    if not used.size:
        return why_undefined(ratings, needs_variation=False) or "no item was rated twice"
    return too_few(len(used)) or why_undefined(used, needs_variation=True)


def _estimated(
    used: Floats,
    patterns: Floats,
    items: np.typing.NDArray[np.int_],
    clusters: Clusters,
    n_resamples: int,
    seed: int,
    *,
    of_mean: bool,
) -> Estimate:
    def of_drawn(drawn: Floats) -> Floats:
        return _correlations(drawn, patterns, of_mean=of_mean)

    value = float(of_drawn(np.bincount(items).astype(float)[None])[0])
    if np.isnan(value):
        reason = "raters contradict each other too much"
        return estimate_of(used, clusters, None, Bounds(None, None, reason))
    bounds = interval_of(of_drawn, items, len(patterns), clusters, n_resamples, seed)
    return estimate_of(used, clusters, value, bounds)


def _complete(ratings: Floats) -> tuple[Mask, Mask]:
    """Which items and which raters: of the groups of raters that an item has, the one with most
    ratings of items that all of them rated; of two such groups the one of more raters."""
    if not ratings.size:
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    given = ~np.isnan(ratings)
    groups = np.unique(given[pairable(ratings)], axis=0)
    if not len(groups):
        return np.zeros(len(given), dtype=bool), np.zeros(given.shape[1], dtype=bool)

    def size(group: Mask) -> tuple[int, int]:
        return int(_by_all(given, group).sum() * group.sum()), int(group.sum())

    best: Mask = max(groups, key=size)
    return _by_all(given, best), best


def _by_all(given: Mask, group: Mask) -> Mask:
    """Which items all raters of the group rated."""
    found: Mask = np.all(given[:, group], axis=1)
    return found


def _correlations(drawn: Floats, patterns: Floats, *, of_mean: bool) -> Floats:
    """The figure of each resample. drawn: (R, P), how often each pattern; patterns: (P, raters).

    NaN where nothing varies, or where raters differ so much that a mean of them says nothing.
    """
    k = patterns.shape[1]
    n = drawn.sum(axis=1)
    of_raters = drawn @ patterns
    correction = of_raters.sum(axis=1) ** 2 / (n * k)
    total = drawn @ (patterns**2).sum(axis=1) - correction
    items = drawn @ patterns.sum(axis=1) ** 2 / k - correction
    raters = (of_raters**2).sum(axis=1) / n - correction
    # Mean squares of items, raters and what is left of both.
    freedom = np.maximum(n - 1, 1)
    between, judges = items / freedom, raters / (k - 1)
    error = (total - items - raters) / (freedom * (k - 1))
    spread = between + (judges - error) / n
    if not of_mean:
        spread = between + (k - 1) * error + k * (judges - error) / n
    is_defined = (total > _NOTHING) & (spread > _NOTHING)
    return np.divide(between - error, spread, out=np.full_like(n, np.nan), where=is_defined)
