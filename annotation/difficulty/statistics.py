"""The share of hard prompts with a 95 % bootstrap interval over profiles."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.difficulty.limits import HARD_FROM
from webapp.intervals import clusters_of, mean_bounds


@dataclass(frozen=True, slots=True)
class Measured:
    """pFAIL of one prompt, and whom and what it belongs to."""

    p_fail: float
    profile: Hashable
    dialogue: Hashable


@dataclass(frozen=True, slots=True)
class Share:
    """The share of `n` prompts that are hard. Where there is no interval, `reason` says why;
    `groups` counts what is resampled, `unit` says what that is."""

    value: float
    low: float | None
    high: float | None
    n: int
    groups: int
    unit: str
    reason: str


def share_hard(measured: Sequence[Measured]) -> Share | None:
    """None without prompts."""
    if not measured:
        return None
    hard = np.array([each.p_fail >= HARD_FROM for each in measured], dtype=float)
    clusters = clusters_of(
        [each.profile for each in measured], [each.dialogue for each in measured]
    )
    bounds = mean_bounds(hard, clusters)
    return Share(
        value=float(hard.mean()),
        low=bounds.low,
        high=bounds.high,
        n=len(hard),
        groups=clusters.count,
        unit=clusters.unit,
        reason=bounds.reason,
    )
