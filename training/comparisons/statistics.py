"""What people's judgements of pairs add up to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.statistics import Estimate, mean_of
from webapp.intervals import wilson

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
    an evaluation.
    """
    values = [np.mean([POINTS[said] for said in each]) if each else np.nan for each in pairs]
    return mean_of(np.array(values, dtype=float), np.array(groups), seed=seed)


def share_of(k: int, n: int) -> Share | None:
    """The share with its Wilson interval; None for n = 0."""
    return Share(k, n, *wilson(k, n)) if n else None
