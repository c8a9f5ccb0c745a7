"""What refinement gained by its own judge: the rubric total of accepted replies against that of
the first attempts at the same turns, with a 95 % bootstrap interval.

It draws profiles, because replies to one person are not independent; dialogues where there is one
profile only.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from webapp.intervals import clusters_of, mean_bounds


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
    clusters = clusters_of([pair.profile for pair in pairs], [pair.dialogue for pair in pairs])
    changes = np.array([pair.accepted - pair.first for pair in pairs])
    bounds = mean_bounds(changes, clusters)
    return Gain(
        first=float(np.mean([pair.first for pair in pairs])),
        accepted=float(np.mean([pair.accepted for pair in pairs])),
        change=float(changes.mean()),
        low=bounds.low,
        high=bounds.high,
        n=len(pairs),
        groups=clusters.count,
        unit=clusters.unit,
        reason=bounds.reason,
    )
