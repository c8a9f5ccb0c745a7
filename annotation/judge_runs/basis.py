"""What a fit stands on: how many ratings of how many items it learned from, and how far the raters
who gave them agree. It is measured when the judge is fitted and kept with the fit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from annotation.agreement import statistics
from annotation.agreement.tables import MIN_ITEMS
from annotation.judge_runs.limits import ENOUGH_ITEMS, ENOUGH_RATINGS, MIN_ALPHA
from annotation.models import Rater, Rating
from annotation.ratings.places import Place, places_of
from rubrics.core.spec import CriterionSpec, RubricSpec

# Who taught a judge, as a sentence says it.
TEACHERS = {
    Rater.Kind.PERSON: "people",
    Rater.Kind.EXTERNAL: "source raters",
    Rater.Kind.AUTHOR: "authors",
    Rater.Kind.CONSTRUCTION: "synthetic levels",
}
# What an adjudicator settled is no second opinion: it depends on what the others gave.
_DEPENDENT = (Rating.Purpose.ADJUDICATION, Rating.Purpose.GOLD)

# rating id -> uid of a criterion -> level
Levels = Mapping[Any, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class TeacherAgreement:
    """Krippendorff's alpha, ordinal, of the raters of one kind on one criterion, over the ratings
    that the fit read. `items` were rated by two or more of them; without an alpha, a `reason`."""

    kind: str
    criterion: str
    alpha: float | None
    low: float | None
    high: float | None
    items: int
    reason: str

    @property
    def raters(self) -> str:
        return TEACHERS[Rater.Kind(self.kind)].capitalize()

    @property
    def is_low(self) -> bool:
        return self.alpha is not None and self.alpha < MIN_ALPHA


@dataclass(frozen=True, slots=True)
class Basis:
    """`ratings` of `items` taught the judge. `is_hidden`: how far its raters agree is not shown,
    because the reader still rates one of the texts."""

    ratings: int
    items: int
    agreement: Sequence[TeacherAgreement] = ()
    is_hidden: bool = False

    @property
    def is_small(self) -> bool:
        return self.items < ENOUGH_ITEMS or self.ratings < ENOUGH_RATINGS

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know before anything else, as sentences."""
        found = [self._how_few()] if self.is_small else []
        if self.is_hidden:
            return found
        low = [row for row in self.agreement if row.is_low]
        found += [f"{_alphas(rows)} {_ADVICE}" for rows in _by_kind(low).values()]
        if self.agreement and all(row.items < MIN_ITEMS for row in self.agreement):
            found.append(
                "Nobody knows how far its raters agree: too few items were rated by two of them."
            )
        return found

    def _how_few(self) -> str:
        return (
            f"It learned from {self.ratings:,} ratings of {self.items:,} items. With fewer than "
            f"{ENOUGH_RATINGS} ratings or {ENOUGH_ITEMS} items, much of what it learned may be "
            "chance."
        )

    def to_json(self) -> dict[str, Any]:
        rows = [asdict(row) for row in self.agreement]
        return {"ratings": self.ratings, "items": self.items, "agreement": rows}


_ADVICE = f"Below {MIN_ALPHA:.3f}, Krippendorff (2004) advises against even tentative conclusions."


def basis_from(kept: Mapping[str, Any], *, is_hidden: bool) -> Basis | None:
    """What a fit kept; None for one that was made before anything was kept."""
    if not kept:
        return None
    found = Basis(
        kept["ratings"], kept["items"], [TeacherAgreement(**row) for row in kept["agreement"]]
    )
    return replace(found, agreement=(), is_hidden=True) if is_hidden else found


def measure(
    spec: RubricSpec, ratings: Sequence[Rating], levels: Levels, *, taught: Sequence[Rating]
) -> Basis:
    """What a fit stands on that read `ratings` with these levels, and learned from `taught`.

    Raters of a kind are compared with each other only. Synthetic levels are nobody's opinion.
    """
    by_kind: dict[str, list[Rating]] = defaultdict(list)
    for rating in sorted(ratings, key=lambda row: (row.pass_number, row.submitted_at)):
        is_opinion = rating.rater.kind != Rater.Kind.CONSTRUCTION
        if is_opinion and rating.purpose not in _DEPENDENT:
            by_kind[rating.rater.kind].append(rating)
    places = places_of({rating.target_id for rating in ratings})
    agreement = [
        _agreement(kind, criterion, _table(given, levels, criterion.uid), places)
        for kind, given in by_kind.items()
        for criterion in spec.judge_criteria
    ]
    return Basis(len(taught), len({rating.target_id for rating in taught}), agreement)


def _agreement(
    kind: str,
    criterion: CriterionSpec,
    table: Mapping[UUID, Sequence[float | None]],
    places: Mapping[UUID, Place],
) -> TeacherAgreement:
    found = statistics.alpha(list(table.values()), places=[places[target] for target in table])
    return TeacherAgreement(
        kind=str(kind),
        criterion=criterion.name,
        alpha=found.value,
        low=found.low,
        high=found.high,
        items=found.n_pairable,
        reason=found.reason,
    )


def _table(ratings: Iterable[Rating], levels: Levels, uid: str) -> dict[UUID, list[float | None]]:
    """The level of each rater for each item, a later pass in place of the earlier ones."""
    given: dict[UUID, dict[UUID, float]] = defaultdict(dict)
    for rating in ratings:
        if uid in levels[rating.pk]:
            given[rating.target_id][rating.rater_id] = levels[rating.pk][uid]
    raters = list(dict.fromkeys(rater for by_rater in given.values() for rater in by_rater))
    return {target: [row.get(rater) for rater in raters] for target, row in given.items()}


def _by_kind(rows: Iterable[TeacherAgreement]) -> dict[str, list[TeacherAgreement]]:
    found: dict[str, list[TeacherAgreement]] = defaultdict(list)
    for row in rows:
        found[row.kind].append(row)
    return found


def _alphas(rows: Sequence[TeacherAgreement]) -> str:
    listed = ", ".join(f"{row.criterion} (alpha {row.alpha:.2f})" for row in rows)
    return f"{rows[0].raters} who taught it agree too little on {listed}."
