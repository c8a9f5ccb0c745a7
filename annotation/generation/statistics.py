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


def paired_gain(pairs: Sequence[Pair]) -> Gain:
    """The mean paired difference over turns."""
    if not pairs:
        return Gain(None, None, None, None, None, 0, 0, "profiles", "no replies")
    unit = "profiles" if len({pair.profile for pair in pairs}) > 1 else "dialogues"
    names = [pair.profile if unit == "profiles" else pair.dialogue for pair in pairs]
    # In the order of their first turn, so that the draws do not depend on the ids.
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    groups = np.array([places[name] for name in names])
    changes = np.array([pair.accepted - pair.first for pair in pairs])
    sums = np.bincount(groups, changes).astype(float)
    counts = np.bincount(groups).astype(float)
    is_enough = len(places) >= MIN_GROUPS
    low, high = _interval(sums, counts) if is_enough else (None, None)
    return Gain(
        first=float(np.mean([pair.first for pair in pairs])),
        accepted=float(np.mean([pair.accepted for pair in pairs])),
        change=float(changes.mean()),
        low=low,
        high=high,
        n=len(pairs),
        groups=len(places),
        unit=unit,
        reason="" if is_enough else f"fewer than {MIN_GROUPS} {unit}",
    )


def _interval(sums: Floats, counts: Floats) -> tuple[float, float]:
    # Imported where it is needed: it takes a while, and every start of the web would pay it.
    from scipy.stats import bootstrap

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
