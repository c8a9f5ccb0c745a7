"""What refinement gained by its own judge: the rubric total of accepted replies against that of
the first attempts at the same turns, with a 95 % bootstrap interval.

The resampling is SciPy's (percentile method). It draws profiles, because replies to one person
are not independent; dialogues where there is one profile only.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 1_000
# With fewer profiles or dialogues an interval would be too narrow to be true.
MIN_GROUPS = 5
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two totals of one turn, and whom and what it belongs to."""

    profile: Hashable
    dialogue: Hashable
    first: float
    accepted: float


@dataclass(frozen=True, slots=True)
class Gain:
    """`change` is accepted minus first, over `n` turns; None without turns. `low` and `high` bound
    the interval; where there is none, `reason` says why. `groups` counts what is resampled, `unit`
    says what that is."""

    first: float | None
    accepted: float | None
    change: float | None
    low: float | None
    high: float | None
    n: int
    groups: int
    unit: str
    reason: str = ""

    @property
    def size(self) -> float:
        """How large the difference is, whatever its direction."""
        return abs(self.change or 0.0)


@dataclass(frozen=True, slots=True)
class Clusters:
    """What is resampled: `unit` says what it is, `places` has the cluster of each value, counted
    from 0, `count` is how many there are."""

    unit: str
    places: npt.NDArray[np.int64]
    count: int

    @property
    def too_few(self) -> str:
        """Why there is no interval; empty where there are enough."""
        return "" if self.count >= MIN_GROUPS else f"fewer than {MIN_GROUPS} {self.unit}"


def clusters_of(profiles: Sequence[Hashable], dialogues: Sequence[Hashable]) -> Clusters:
    """The profiles of the values, or their dialogues where there is one profile only."""
    unit = "profiles" if len(set(profiles)) > 1 else "dialogues"
    names = profiles if unit == "profiles" else dialogues
    # In the order of their first value, so that the draws do not depend on the ids.
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return Clusters(unit, np.array([places[name] for name in names], dtype=np.int64), len(places))


def paired_gain(pairs: Sequence[Pair]) -> Gain:
    """The mean paired difference over turns."""
    if not pairs:
        return Gain(None, None, None, None, None, 0, 0, "profiles", "no replies")
    clusters = clusters_of([pair.profile for pair in pairs], [pair.dialogue for pair in pairs])
    changes = np.array([pair.accepted - pair.first for pair in pairs])
    low, high = (None, None) if clusters.too_few else mean_interval(changes, clusters)
    return Gain(
        first=float(np.mean([pair.first for pair in pairs])),
        accepted=float(np.mean([pair.accepted for pair in pairs])),
        change=float(changes.mean()),
        low=low,
        high=high,
        n=len(pairs),
        groups=clusters.count,
        unit=clusters.unit,
        reason=clusters.too_few,
    )


def mean_interval(values: Floats, clusters: Clusters) -> tuple[float, float]:
    """The 95 % interval of the mean of `values` (n,), by a bootstrap over their clusters."""
    # Imported where it is needed: it takes a while, and every start of the web would pay it.
    from scipy.stats import bootstrap

    sums = np.bincount(clusters.places, values).astype(float)
    counts = np.bincount(clusters.places).astype(float)

    def mean(sums: Floats, counts: Floats, axis: int) -> Floats:
        return sums.sum(axis=axis) / counts.sum(axis=axis)

    interval = bootstrap(
        [sums, counts],
        mean,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)
