"""Gwet's AC2: agreement beyond chance that stays steady where most ratings are alike.

Source: Gwet, Handbook of Inter-Rater Reliability (4th ed., 2014), chapters 2 to 5. The weights are
its ordinal ones. They use the order of the levels only, as ordinal alpha does; quadratic weights
would need equal distances between levels, which no rubric promises.
"""

from collections.abc import Sequence

import numpy as np

from annotation.agreement.tables import (
    Codes,
    Estimate,
    Floats,
    Mask,
    Places,
    Table,
    as_ratings,
    clusters_in,
    estimate_of,
    interval_of,
    why_undefined,
)
from webapp.intervals import RESAMPLES, Bounds


def ac2(
    table: Table,
    levels: Sequence[int],
    *,
    is_weighted: bool = True,
    places: Places | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """AC2 of any number of raters; AC1, which knows only same or different, if not weighted.

    `levels` is the scale in order: a level that nobody used counts, too. An item that one person
    rated says how common levels are, and is drawn with the others. Raises ValueError for ratings
    off the scale.
    """
    ratings = as_ratings(table)
    if reason := why_undefined(ratings, needs_variation=False):
        bounds = Bounds(None, None, reason)
        return estimate_of(ratings, clusters_in(ratings, places), None, bounds)
    rated: Mask = np.any(~np.isnan(ratings), axis=1)
    counts = _counts(ratings[rated], levels)
    patterns, items = np.unique(counts, axis=0, return_inverse=True)
    weights = ordinal_weights(len(levels)) if is_weighted else np.eye(len(levels))

    def of_drawn(drawn: Floats) -> Floats:
        return _coefficients(drawn, patterns, weights)

    clusters = clusters_in(ratings, places, rated)
    items = items.ravel()
    value = float(of_drawn(np.bincount(items).astype(float)[None])[0])
    bounds = interval_of(of_drawn, items, len(patterns), clusters, n_resamples, seed)
    return estimate_of(ratings, clusters, value, bounds)


def ordinal_weights(size: int) -> Floats:
    """1 for the same level, 0 for the two ends of the scale, (size, size).

    Between them: 1 less the share of pairs of levels that lie from one to the other.
    """
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    pairs = apart * (apart + 1) / 2
    return 1 - pairs / max(pairs.max(), 1)


def _counts(ratings: Floats, levels: Sequence[int]) -> Codes:
    """How many raters gave each level: (items, levels)."""
    scale = np.asarray(levels)
    if not np.isin(ratings[~np.isnan(ratings)], scale).all():
        raise ValueError("a rating is not one of the levels")
    # A level at a time: items x raters x 101 levels would be much memory.
    return np.stack([(ratings == level).sum(axis=1) for level in scale], axis=1)


def _coefficients(drawn: Floats, counts: Codes, weights: Floats) -> Floats:
    """AC2 of each resample. drawn: (R, P), how often each pattern; counts: (P, levels).

    NaN where no drawn item was rated twice.
    """
    size, raters = len(weights), counts.sum(axis=1)
    pairs = raters * (raters - 1)
    twice = pairs > 0
    alike = (counts * (counts @ weights - 1)).sum(axis=1) / np.where(twice, pairs, 1)
    of_pairs = drawn @ twice
    agreed = np.divide(
        drawn @ (alike * twice), of_pairs, out=np.full(len(drawn), np.nan), where=of_pairs > 0
    )
    common = drawn @ (counts / raters[:, None]) / drawn.sum(axis=1)[:, None]
    by_chance = weights.sum() / (size * (size - 1)) * (common * (1 - common)).sum(axis=1)
    found: Floats = (agreed - by_chance) / (1 - by_chance)
    return found
