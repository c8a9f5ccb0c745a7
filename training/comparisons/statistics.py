"""What people's judgements of pairs add up to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from training.evaluation.statistics import Estimate, mean_of

# The normal distribution's quantile of a two-sided 95 % interval.
Z = 1.959964
# What a judgement says, and what the first system gets for it.
FIRST, SECOND, TIE = "first", "second", "tie"
POINTS = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}


@dataclass(frozen=True)
class Share:
    """`k` of `n`, with its 95 % interval."""

    k: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.k / self.n


def win_rate(
    pairs: Sequence[Sequence[str]], groups: Sequence[str], *, seed: int
) -> Estimate | None:
    """How often the first system wins, a tie counting half; None without a judgement.

    pairs: what the people said of each pair, FIRST, SECOND or TIE; a pair counts once however many
    judged it. groups: the profile of each pair, which the bootstrap draws, as for all figures of
    an evaluation. Where all pairs are alike, it has nothing to draw from: then there is no
    interval, rather than one without width.
    """
    values = [np.mean([POINTS[said] for said in each]) if each else np.nan for each in pairs]
    found = mean_of(np.array(values, dtype=float), np.array(groups), seed=seed)
    is_alike = len({value for value in values if not np.isnan(value)}) == 1
    return replace(found, low=None, high=None) if found is not None and is_alike else found


def wilson(k: int, n: int) -> Share | None:
    """The share with its Wilson interval; None for n = 0. Source: Wilson, Probable inference, the
    law of succession, and statistical inference (1927)."""
    if not n:
        return None
    share, z2 = k / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Share(k, n, max(0.0, middle - half), min(1.0, middle + half))
