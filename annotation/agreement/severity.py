"""How severe each rater is: who gives lower levels to the same items.

Raters see different items, so their means can't be compared: whoever got the weak replies would
look severe. So each level is taken as item + rater + rest and fitted by least squares, which
compares raters on the items that they share, through others too: the two-way additive model
without interaction (Searle, Linear Models, 1971, chapter 7). Effects add up to 0 over the raters.
The interval draws whole profiles, as all intervals of agreement do (tables.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from annotation.agreement.tables import (
    Codes,
    Floats,
    Mask,
    Places,
    Table,
    as_ratings,
    clusters_in,
    pairable,
    too_few,
)
from webapp.intervals import EQUAL, RESAMPLES, Bounds, Clusters, percentile_bounds

# With more resamples than this share in which raters share no item, there is no interval.
_UNDEFINED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class RaterEffect:
    """How far one rater is above (+) or below (-) the mean of the raters, in levels, on the same
    items. `rater` is the column of the table, `ratings` are those that were compared. Where there
    is no effect or no interval, `reason` says why."""

    rater: int
    ratings: int
    effect: float | None
    low: float | None
    high: float | None
    reason: str = ""

    @property
    def is_severe(self) -> bool:
        return self.high is not None and self.high < 0

    @property
    def is_lenient(self) -> bool:
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class Severity:
    """The effects of the raters of `items` that two of them rated or more. The bootstrap draws
    `groups` clusters; `unit` says of what."""

    effects: Sequence[RaterEffect]
    items: int
    unit: str
    groups: int
    reason: str = ""


def severity(
    table: Table, *, places: Places | None = None, n_resamples: int = RESAMPLES, seed: int = 0
) -> Severity:
    """table: (items, raters), steps of the scale, None where there is no level.

    Raters who share no item with the largest group, directly or through others, get no effect.
    """
    ratings = as_ratings(table)
    shared = ratings[pairable(ratings)] if ratings.size else ratings
    clusters = clusters_in(ratings, places)
    if reason := _why_none(shared):
        return Severity((), len(shared), clusters.unit, clusters.count, reason)
    given: Mask = ~np.isnan(shared)
    columns = _largest_group(given)
    effects = _fitted(shared[:, columns], clusters, n_resamples, seed)
    found = [
        RaterEffect(
            int(column),
            int(given[:, column].sum()),
            float(effect),
            bounds.low,
            bounds.high,
            bounds.reason,
        )  # fmt: skip
        for column, effect, bounds in zip(columns, *effects, strict=True)
    ]
    apart = sorted(set(np.flatnonzero(given.any(axis=0)).tolist()) - set(columns.tolist()))
    reason = "shares no item with the other raters, directly or through somebody else"
    found += [
        RaterEffect(column, int(given[:, column].sum()), None, None, None, reason)
        for column in apart
    ]
    return Severity(found, len(shared), clusters.unit, clusters.count)


def _why_none(shared: Floats) -> str:
    if not len(shared):
        return "no item was rated twice"
    return too_few(len(shared))


def _largest_group(given: Mask) -> Codes:
    """The raters (columns) of the largest group that is linked by common items; of two with as
    many raters, the one with more ratings."""
    links = given.T.astype(int) @ given.astype(int)
    _, groups = connected_components(links, directed=False)
    rated = given.sum(axis=0)
    best = max(
        set(groups[rated > 0].tolist()),
        key=lambda group: ((groups == group).sum(), rated[groups == group].sum(), -group),
    )
    return np.flatnonzero(groups == best)


def _fitted(
    ratings: Floats, clusters: Clusters, n_resamples: int, seed: int
) -> tuple[Floats, list[Bounds]]:
    """The effects (R,) of raters who are linked, and the interval of each."""
    left, right = _normal_equations(ratings, clusters)
    effects = _solved(left.sum(axis=0), right.sum(axis=0))
    if clusters.too_few:
        none = Bounds(None, None, f"no interval: {clusters.too_few}")
        return effects, [none] * len(effects)
    share = np.full(clusters.count, 1 / clusters.count)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(clusters.count, share, size=n_resamples).astype(float)
    size = len(effects)
    found = _solved((drawn @ left.reshape(len(left), -1)).reshape(-1, size, size), drawn @ right)
    if np.isnan(found[:, 0]).mean() > _UNDEFINED_SHARE:
        reason = f"no interval: in too many resamples of these {clusters.unit} raters share no item"
        return effects, [Bounds(None, None, reason)] * size
    bounds = [percentile_bounds(column, clusters.unit) for column in found.T]
    return effects, [
        b if not b.reason else Bounds(None, None, f"no interval: {b.reason}") for b in bounds
    ]


def _normal_equations(ratings: Floats, clusters: Clusters) -> tuple[Floats, Floats]:
    """What each cluster adds to the normal equations of the raters, once the items are taken out:
    (C, R, R) and (C, R).

    An item with raters m (0 or 1 each, n of them) adds diag(m) - m m' / n, and m times the levels
    minus their mean.
    """
    given = ~np.isnan(ratings)
    m = given.astype(float)
    counts = m.sum(axis=1)
    # An item that one rater of the group rated says nothing about raters.
    means = np.nansum(ratings, axis=1) / np.maximum(counts, 1)
    centred = np.where(given, ratings - means[:, None], 0.0)
    size = ratings.shape[1]
    left, right = np.zeros((clusters.count, size, size)), np.zeros((clusters.count, size))
    of_items = (
        m[:, :, None] * np.eye(size)
        - m[:, :, None] * m[:, None, :] / np.maximum(counts, 1)[:, None, None]
    )
    np.add.at(left, clusters.places, of_items)
    np.add.at(right, clusters.places, centred)
    return left, right


def _solved(left: Floats, right: Floats) -> Floats:
    """The effects that add up to 0, (..., R); NaN where the raters are not linked."""
    size = left.shape[-1]
    whole = left + 1 / size
    is_linked = np.linalg.eigvalsh(whole)[..., 0] > EQUAL * size
    safe = np.where(is_linked[..., None, None], whole, np.eye(size))
    found = np.linalg.solve(safe, right[..., None])[..., 0]
    return np.where(is_linked[..., None], found, np.nan)
