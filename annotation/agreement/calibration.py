"""Whether a judge's levels mean what people's levels mean, and how far a correction would help.

Reliability: of the items that the judge gave about a level, the mean of people's levels. The error
is what Naeini, Cooper and Hauskrecht (2015, AAAI) call expected calibration error, here in levels:
the mean distance of the two means, weighted by items. With few items chance alone makes it greater
than 0.

The correction is isotonic regression of people's levels on the judge's, cross-fitted: what an item
is corrected by was fitted on other profiles (LLM-Rubric, Hashemi et al. 2024, arXiv 2501.00274,
calibrates judges with a network; a monotone curve needs fewer ratings).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.tables import MIN_ITEMS, Places
from webapp.intervals import EQUAL, Bounds, Clusters, clusters_of, mean_bounds, sign_flip_p

Floats = npt.NDArray[np.float64]
FOLDS = 5
# With fewer, some fold has too little to fit a curve on.
MIN_CLUSTERS = 2 * FOLDS
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """The `n` items that the judge gave about `level`: the mean of its levels, and of people's
    with the 95 % interval."""

    level: int
    n: int
    judge: float
    people: float
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Calibration:
    """`error` of the judge's levels as they are and `corrected_error` after the correction, both
    in levels. `distance`: the mean distance of an item's level from people's, and
    `corrected_distance`; `gain` is the interval of the first minus the second. `helps` if it is
    above 0. Without a correction `reason` says why."""

    steps: Sequence[Step]
    n: int
    error: float
    distance: float
    corrected_error: float | None = None
    corrected_distance: float | None = None
    gain: Bounds = Bounds(None, None)
    helps: bool = False
    reason: str = ""


def calibration(
    judged: Sequence[float], given: Sequence[float], levels: Sequence[int], places: Places
) -> Calibration | None:
    """judged, given: what the judge and people gave the same n items; the judge's may lie between
    levels. `places`: the profile and dialogue of each. None with fewer items than MIN_ITEMS."""
    if len(judged) < MIN_ITEMS:
        return None
    judge, people = np.array(judged, dtype=float), np.array(given, dtype=float)
    profiles, dialogues = zip(*places, strict=True)
    clusters = clusters_of(profiles, dialogues)
    steps = [
        _step(level, judge[chosen], people[chosen], _within(clusters, chosen))
        for level, chosen in _near(judge, levels)
    ]
    distances = np.abs(judge - people)
    error, distance = _error(judge, people, levels), float(distances.mean())
    if clusters.count < MIN_CLUSTERS:
        reason = f"too few: {clusters.count} {clusters.unit}, {MIN_CLUSTERS} are needed"
        return Calibration(steps, len(judge), error, distance, reason=reason)
    corrected = corrected_levels(judge, people, clusters)
    after = np.abs(corrected - people)
    gain = mean_bounds(distances - after, clusters)
    return Calibration(
        steps=steps,
        n=len(judge),
        error=error,
        distance=distance,
        corrected_error=_error(corrected, people, levels),
        corrected_distance=float(after.mean()),
        gain=gain,
        helps=_is_above_zero(float((distances - after).mean()), gain, clusters),
    )


def _is_above_zero(mean: float, bounds: Bounds, clusters: Clusters) -> bool:
    if bounds.low is not None:
        return bounds.low > 0
    # All clusters gain the same, so that a bootstrap has nothing to draw from.
    return mean > EQUAL and sign_flip_p(clusters.count) < SIGNIFICANT


def corrected_levels(judge: Floats, people: Floats, clusters: Clusters) -> Floats:
    """The judge's levels (n,), each corrected by a curve of the other folds' items. A cluster lies
    in one fold."""
    from sklearn.isotonic import IsotonicRegression

    fold = clusters.places % FOLDS
    corrected = np.empty_like(judge)
    for number in range(FOLDS):
        here = fold == number
        curve = IsotonicRegression(out_of_bounds="clip").fit(judge[~here], people[~here])
        corrected[here] = curve.predict(judge[here]) if here.any() else ()
    return corrected


def _near(values: Floats, levels: Sequence[int]) -> list[tuple[int, npt.NDArray[np.bool_]]]:
    """For each level that some value is nearest to: which values these are."""
    scale = np.array(levels, dtype=float)
    nearest = np.abs(values[:, None] - scale[None, :]).argmin(axis=1)
    return [
        (level, nearest == place) for place, level in enumerate(levels) if (nearest == place).any()
    ]


def _error(judge: Floats, people: Floats, levels: Sequence[int]) -> float:
    return sum(
        float(chosen.mean()) * abs(float(judge[chosen].mean() - people[chosen].mean()))
        for _, chosen in _near(judge, levels)
    )


def _step(level: int, judge: Floats, people: Floats, clusters: Clusters) -> Step:
    bounds = mean_bounds(people, clusters)
    return Step(level, len(judge), float(judge.mean()), float(people.mean()), bounds)


def _within(clusters: Clusters, chosen: npt.NDArray[np.bool_]) -> Clusters:
    names, places = np.unique(clusters.places[chosen], return_inverse=True)
    return Clusters(clusters.unit, places.astype(np.int64), len(names))
