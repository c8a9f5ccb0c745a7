"""Who gives higher or lower levels than the others to the same items. Where high levels are good,
lower ones are more severe.

Raters see different items, so their means can't be compared: whoever got the weak replies would
look severe. So each level is taken as item + rater + rest and fitted by least squares, which
compares raters on the items that they share, through others too: the two-way additive model
without interaction (Searle, Linear Models, 1971, chapter 7). Effects add up to 0 over the raters.
The interval draws whole profiles, as all intervals of agreement do (tables.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from annotation.agreement.tables import (
    Codes,
    Floats,
    Mask,
    Places,
    Table,
    as_ratings,
    blocks_of,
    clusters_in,
    pairable,
    too_few,
)
from webapp.intervals import EQUAL, RESAMPLES, Bounds, Clusters, groups_of, percentile_bounds

# With more resamples than this share in which raters share no item, there is no interval.
_UNDEFINED_SHARE = 0.05
_APART = "shares no item with the other raters, directly or through somebody else"


@dataclass(frozen=True, slots=True)
class RaterEffect:
    """How far one rater is above (+) or below (-) the mean of the raters, in levels, on the same
    items. `rater` is the column of the table, `ratings` are those of items that somebody else
    rated, too. Where there is no effect or no interval, `reason` says why."""

    rater: int
    ratings: int
    effect: float | None
    low: float | None
    high: float | None
    reason: str = ""

    @property
    def is_lower(self) -> bool:
        """Whether this rater clearly gives lower levels than the others."""
        return self.high is not None and self.high < 0

    @property
    def is_higher(self) -> bool:
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class Severity:
    """The effects of the raters, over the `items` of those who are compared. The bootstrap draws
    `groups` clusters; `unit` says of what. Where nobody is compared, `reason` says why."""

    effects: Sequence[RaterEffect]
    items: int
    unit: str
    groups: int
    reason: str = ""


def severity(
    table: Table, *, places: Places | None = None, n_resamples: int = RESAMPLES, seed: int = 0
) -> Severity:
    """table: (items, raters), steps of the scale, None where there is no level.

    No effect has a rater with fewer than MIN_ITEMS items, or MIN_GROUPS clusters, that another
    rater with enough rated, too; nor one who shares no item with the largest group, directly or
    through others.
    """
    ratings = as_ratings(table)
    shared = ratings[pairable(ratings)] if ratings.size else ratings
    clusters = clusters_in(ratings, places)
    if reason := _why_none(shared):
        return Severity((), len(shared), clusters.unit, clusters.count, reason)
    given: Mask = ~np.isnan(shared)
    counted, reasons = _with_enough(given, clusters)
    columns = _largest_group(counted)
    left = set(np.flatnonzero(counted.any(axis=0)).tolist()) - set(columns.tolist())
    reasons |= dict.fromkeys(left, _APART)
    none = [
        RaterEffect(column, int(given[:, column].sum()), None, None, None, reasons[column])
        for column in sorted(reasons)
    ]
    if not len(columns):
        reason = "no rater has enough items in common with others"
        return Severity(none, 0, clusters.unit, 0, reason)
    rows = counted[:, columns].any(axis=1)
    of_group = np.where(counted, shared, np.nan)[np.ix_(rows, columns)]
    clusters = groups_of(clusters.places[rows].tolist(), clusters.unit)
    effects = _fitted(of_group, clusters, n_resamples, seed)
    found = [
        RaterEffect(
            int(column),
            int(counted[:, column].sum()),
            float(effect),
            bounds.low,
            bounds.high,
            bounds.reason,
        )  # fmt: skip
        for column, effect, bounds in zip(columns, *effects, strict=True)
    ]
    return Severity([*found, *none], len(of_group), clusters.unit, clusters.count)


def _why_none(shared: Floats) -> str:
    if not len(shared):
        return "no item was rated twice"
    return too_few(len(shared))


def _with_enough(given: Mask, clusters: Clusters) -> tuple[Mask, dict[int, str]]:
    """The ratings (items, raters) that are compared: of raters with enough of them, on items that
    two such raters rated. And why the other raters have too few, by their column."""
    counted, reasons = given.copy(), dict[int, str]()
    while True:
        few = {
            column: reason
            for column in np.flatnonzero(given.any(axis=0)).tolist()
            if column not in reasons and (reason := _why_few(counted[:, column], clusters))
        }
        if not few:
            return counted, reasons
        # Without these raters, others may have too few items in common.
        beside = " that a rater with enough items rated, too" if reasons else ""
        reasons |= {column: f"{reason}{beside}" for column, reason in few.items()}
        counted[:, list(few)] = False
        counted[counted.sum(axis=1) < 2] = False


def _why_few(rated: Mask, clusters: Clusters) -> str:
    """Why a rater of these items can't be compared; empty if they are enough."""
    of_rater = groups_of(clusters.places[rated].tolist(), clusters.unit)
    return too_few(int(rated.sum())) or of_rater.too_few


def _largest_group(counted: Mask) -> Codes:
    """The raters (columns) of the largest group that is linked by common items; of two with as
    many raters, the one with more ratings. Empty if no rater counts."""
    rated = counted.sum(axis=0)
    if not rated.any():
        return np.empty(0, dtype=int)
    links = counted.T.astype(int) @ counted.astype(int)
    _, groups = connected_components(links, directed=False)
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
    size = ratings.shape[1]
    effects = _solved(left.sum(axis=0).reshape(size, size), right.sum(axis=0))
    if clusters.too_few:
        none = Bounds(None, None, f"no interval: {clusters.too_few}")
        return effects, [none] * size
    found = _resampled(left, right, n_resamples, seed)
    if np.isnan(found[:, 0]).mean() > _UNDEFINED_SHARE:
        reason = f"no interval: in too many resamples of these {clusters.unit} raters share no item"
        return effects, [Bounds(None, None, reason)] * size
    bounds = [percentile_bounds(column, clusters.unit) for column in found.T]
    return effects, [
        b if not b.reason else Bounds(None, None, f"no interval: {b.reason}") for b in bounds
    ]


def _resampled(left: sparse.csr_array, right: Floats, n_resamples: int, seed: int) -> Floats:
    """The effects of each resample of the clusters, (n_resamples, R)."""
    count, size = right.shape
    share, random = np.full(count, 1 / count), np.random.default_rng(seed)
    found = []
    for block in blocks_of(n_resamples, max(count, size * size)):
        drawn = random.multinomial(count, share, size=block).astype(float)
        found.append(_solved((drawn @ left).reshape(-1, size, size), drawn @ right))
    return np.concatenate(found)


def _normal_equations(ratings: Floats, clusters: Clusters) -> tuple[sparse.csr_array, Floats]:
    """What each cluster adds to the normal equations of the raters, once the items are taken out:
    (C, R * R) and (C, R).

    An item with raters m (0 or 1 each, n of them) adds diag(m) - m m' / n, and m times the levels
    minus their mean.
    """
    given = ~np.isnan(ratings)
    m = given.astype(float)
    counts = m.sum(axis=1)
    centred = np.where(given, ratings - (np.nansum(ratings, axis=1) / counts)[:, None], 0.0)
    items = np.arange(len(ratings))
    shape = (clusters.count, len(ratings))
    of_cluster = sparse.csr_array((np.ones(len(ratings)), (clusters.places, items)), shape=shape)
    shares = m / counts[:, None]
    # A rater at a time: items x raters x raters would be much memory.
    left = [
        sparse.csr_array(of_cluster @ (m[:, [rater]] * (alone - shares)))
        for rater, alone in enumerate(np.eye(ratings.shape[1]))
    ]
    return sparse.hstack(left, format="csr"), of_cluster @ centred


def _solved(left: Floats, right: Floats) -> Floats:
    """The effects that add up to 0, (..., R); NaN where the raters are not linked."""
    size = left.shape[-1]
    whole = left + 1 / size
    is_linked = np.linalg.eigvalsh(whole)[..., 0] > EQUAL * size
    safe = np.where(is_linked[..., None, None], whole, np.eye(size))
    found = np.linalg.solve(safe, right[..., None])[..., 0]
    return np.where(is_linked[..., None], found, np.nan)
