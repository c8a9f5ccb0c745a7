"""Whether a judge could stand in for a person: the alternative annotator test.

Each person is left out in turn, and on each item the judge and that person are compared with the
other people: who is closer to them? Source: Calderon, Reichart and Dror, The Alternative Annotator
Test for LLM-as-a-Judge (2025), arXiv 2501.10970, section 3. Items of one profile are not
independent, so the t-test's standard error is of whole profiles or dialogues. If each item stands
for itself, it is the t-test of the paper, but for a limit below p: see `_p_value`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from annotation.agreement.tables import Floats, Mask, Places, Table, as_ratings
from webapp.intervals import EQUAL, Clusters, clusters_of, each_alone

# How far a judge may be behind: what the paper takes for experts, whose time is costly.
EPSILON = 0.2
MIN_PEOPLE = 3
# Of an item, beside the person who is left out: with one, there is no group to be closer to.
MIN_OTHERS = 2
# With fewer items of a person, a t-test of so coarse differences is not exact enough.
MIN_SHARED = 30
# Profiles or dialogues of these items. With fewer, p of a judge that is never further away can't
# be small enough: .8 ** 20 is .0115, which passes for up to 42 people.
MIN_CLUSTERS = 20
# The share of false wins among the wins that is accepted.
FALSE_WINS = 0.05
PASSING = 0.5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One person against the judge. `advantage`: the share of items on which the judge is as close
    to the other people as this person, or closer. `of_person`: the same the other way round. `p`:
    how likely such differences are if the judge is behind by EPSILON or more."""

    items: int
    advantage: float
    of_person: float
    p: float
    is_won: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """The judge against each of `people`. If the test is not possible, `reason` says why."""

    people: Sequence[LeftOut] = ()
    reason: str = ""

    @property
    def epsilon(self) -> float:
        return EPSILON

    @property
    def wins(self) -> int:
        return sum(person.is_won for person in self.people)

    @property
    def winning_rate(self) -> float | None:
        return self.wins / len(self.people) if self.people else None

    @property
    def advantage(self) -> float | None:
        return fmean(person.advantage for person in self.people) if self.people else None

    @property
    def advantage_of_people(self) -> float | None:
        return fmean(person.of_person for person in self.people) if self.people else None

    @property
    def items(self) -> int:
        """How many items the person with the fewest has."""
        return min((person.items for person in self.people), default=0)

    @property
    def passes(self) -> bool | None:
        return None if self.winning_rate is None else self.winning_rate >= PASSING


def stand_in(
    judge: npt.ArrayLike | Sequence[float | None],
    people: Table,
    *,
    places: Places | None = None,
) -> StandIn:
    """judge: (items,), people: (items, people): steps of the scale, None where there is no level.

    As the paper does for levels in order, closeness is minus the root mean squared difference to
    the other people.
    """
    levels, ratings = np.array(judge, dtype=float), as_ratings(people)
    if not ratings.size:
        return _impossible(0)
    shared = ~np.isnan(levels) & ((~np.isnan(ratings)).sum(axis=1) > MIN_OTHERS)
    rated: Mask = ~np.isnan(ratings) & shared[:, None]
    measured = []
    for person in np.flatnonzero(rated.sum(axis=0) >= MIN_SHARED).tolist():
        items = rated[:, person]
        clusters = _clusters(items, places)
        if clusters.count >= MIN_CLUSTERS:
            others = np.delete(ratings[items], person, axis=1)
            is_judge, is_person = _closer(levels[items], ratings[items, person], others)
            measured.append((is_judge, is_person, _p_value(is_judge, is_person, clusters)))
    if len(measured) < MIN_PEOPLE:
        return _impossible(len(measured))
    wins = significant([p for _, _, p in measured])
    return StandIn(
        [
            LeftOut(len(is_judge), float(is_judge.mean()), float(is_person.mean()), p, is_won)
            for (is_judge, is_person, p), is_won in zip(measured, wins, strict=True)
        ]
    )


def significant(p_values: Sequence[float], *, false_wins: float = FALSE_WINS) -> list[bool]:
    """Which hypotheses are rejected, with so small a share of false ones among them, whatever their
    dependence. Source: Benjamini and Yekutieli, The control of the false discovery rate (2001).
    """
    count = len(p_values)
    order = np.argsort(p_values)
    ranks = np.arange(1, count + 1)
    limits = ranks * false_wins / (count * (1 / ranks).sum())
    below = np.flatnonzero(np.asarray(p_values)[order] <= limits)
    rejected = set(order[: below.max() + 1].tolist()) if len(below) else set()
    return [place in rejected for place in range(count)]


def _impossible(people: int) -> StandIn:
    reason = (
        f"At least {MIN_PEOPLE} people must each have rated {MIN_SHARED} items of {MIN_CLUSTERS} "
        f"profiles that the judge and {MIN_OTHERS} other people rated too. So far "
        f"{people or 'none'} {'has' if people == 1 else 'have'}."
    )
    return StandIn(reason=reason)


def _clusters(items: Mask, places: Places | None) -> Clusters:
    if places is None:
        return each_alone(int(items.sum()), "items")
    kept = [places[item] for item in np.flatnonzero(items).tolist()]
    return clusters_of([profile for profile, _ in kept], [dialogue for _, dialogue in kept])


def _closer(judge: Floats, person: Floats, others: Floats) -> tuple[Mask, Mask]:
    """Where the judge is as close to the other people as the person is, or closer; and where the
    person is as close as the judge.

    judge, person: (n,); others: (n, people - 1), NaN where one of them gave no level.
    """
    # The same people are averaged over on both sides, so sums of squares have the same order.
    of_judge = np.nansum((others - judge[:, None]) ** 2, axis=1)
    of_person = np.nansum((others - person[:, None]) ** 2, axis=1)
    return of_judge <= of_person, of_person <= of_judge


def _p_value(is_judge: Mask, is_person: Mask, clusters: Clusters) -> float:
    """Of the hypothesis that the judge is as close on a share of items that is smaller than the
    person's by EPSILON or more.

    A t-test alone would let a judge win that loses one item, and not one that never loses any:
    with few differences it makes too much of how alike they are. So p is never below what it is if
    the judge never loses: with the hypothesis, a cluster is without a lost item with probability
    1 - EPSILON at most.
    """
    # -1 if the judge is closer, 1 if the person is, 0 if they are equally close.
    behind = is_person.astype(float) - is_judge.astype(float)
    n, count, mean = len(behind), clusters.count, float(behind.mean())
    rests = behind - mean
    of_clusters = np.bincount(clusters.places, rests)
    variance = count / (count - 1) * float((of_clusters**2).sum()) / n**2
    # Clusters that happen to be alike do not make the items worth more than they are.
    variance = max(variance, float((rests**2).sum()) / (n * (n - 1)))
    least = float((1 - EPSILON) ** count)
    if variance <= EQUAL:
        return 1.0 if mean > 0 else least
    return max(least, float(stdtr(count - 1, (mean - EPSILON) / variance**0.5)))
