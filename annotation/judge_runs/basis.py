"""What a fit stands on: how many ratings of how many items it learned from, and how far the raters
who gave them agree. It is measured when the judge is fitted and kept with the fit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from annotation.agreement import statistics
from annotation.agreement.chance_corrected import ac2
from annotation.agreement.tables import MIN_ITEMS
from annotation.judge_runs.limits import ENOUGH_ITEMS, ENOUGH_RATINGS, MIN_ALPHA, NEARLY_ALL
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
    """Krippendorff's alpha, ordinal, of the raters of one kind on one criterion, over their ratings
    of what taught the fit. `items` were rated by two or more of them; without an alpha, a `reason`.
    `ac2` is Gwet's, `common` the share of the most common level; both are None where there are too
    few items."""

    kind: str
    criterion: str
    alpha: float | None
    low: float | None
    high: float | None
    items: int
    reason: str
    ac2: float | None = None
    common: float | None = None

    @property
    def raters(self) -> str:
        return TEACHERS[Rater.Kind(self.kind)].capitalize()

    @property
    def is_low(self) -> bool:
        """Whether they agree too little: alpha is below the rule for sure, and AC2 is, too. Where
        nearly all levels are alike, alpha alone is low though people agree."""
        return self._is_alpha_low and (self.ac2 is None or self.ac2 < MIN_ALPHA)

    @property
    def why_unclear(self) -> str:
        """Why nobody can tell from alpha whether they agree too little; empty where it is plain."""
        if self.is_low or (self.alpha is not None and self.alpha >= MIN_ALPHA):
            return ""
        if self._is_alpha_low or (self.common is not None and self.common >= NEARLY_ALL):
            return "nearly all levels are alike"
        is_without_interval = self.alpha is not None and self.high is None
        return self.reason if is_without_interval else ""

    @property
    def _is_alpha_low(self) -> bool:
        return self.high is not None and self.high < MIN_ALPHA


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
        found += [f"{_too_little(rows)} {_RULE}" for rows in _by_kind(low).values()]
        unclear = [row for row in self.agreement if row.why_unclear]
        found += [_unclear(rows) for rows in _by_kind(unclear).values()]
        if self.agreement and all(row.items < MIN_ITEMS for row in self.agreement) and not unclear:
            found.append(
                "It is not known how far its raters agree, because too few items were rated by two "
                "of them."
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


_RULE = (
    "By a common rule (Krippendorff 2004), alpha below .667 is too low to conclude anything from "
    "these ratings."
)


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

    Raters of a kind are compared with each other only, and over the items that taught the judge:
    whoever still rates one of these does not see how far they agree. Synthetic levels are nobody's
    opinion.
    """
    items = {rating.target_id for rating in taught}
    by_kind: dict[str, list[Rating]] = defaultdict(list)
    for rating in sorted(ratings, key=lambda row: (row.pass_number, row.submitted_at)):
        is_opinion = rating.rater.kind != Rater.Kind.CONSTRUCTION
        is_taught = rating.target_id in items
        if is_taught and is_opinion and rating.purpose not in _DEPENDENT:
            by_kind[rating.rater.kind].append(rating)
    places = places_of(items)
    agreement = [
        _agreement(kind, criterion, _table(given, levels, criterion.uid), places)
        for kind, given in by_kind.items()
        for criterion in spec.judge_criteria
    ]
    return Basis(len(taught), len(items), agreement)


def _agreement(
    kind: str,
    criterion: CriterionSpec,
    table: Mapping[UUID, Sequence[float | None]],
    places: Mapping[UUID, Place],
) -> TeacherAgreement:
    rows, at = list(table.values()), [places[target] for target in table]
    found = statistics.alpha(rows, places=at)
    return TeacherAgreement(
        kind=str(kind),
        criterion=criterion.name,
        alpha=found.value,
        low=found.low,
        high=found.high,
        items=found.n_pairable,
        reason=found.reason,
        ac2=ac2(rows, criterion.level_values, places=at).value,
        common=None if found.is_too_few else found.base_rate,
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


def _too_little(rows: Sequence[TeacherAgreement]) -> str:
    return f"{rows[0].raters} who taught it agree too little on {_listed(rows)}."


def _unclear(rows: Sequence[TeacherAgreement]) -> str:
    reasons = ", ".join(dict.fromkeys(row.why_unclear for row in rows))
    raters = TEACHERS[Rater.Kind(rows[0].kind)]
    return (
        f"It can’t be told whether the {raters} who taught it agree on {_listed(rows)}: {reasons}."
    )


def _listed(rows: Sequence[TeacherAgreement]) -> str:
    return ", ".join(f"{row.criterion} ({_measures(row)})" for row in rows)


def _measures(row: TeacherAgreement) -> str:
    alpha = "no alpha" if row.alpha is None else f"alpha {row.alpha:.2f}"
    return alpha if row.ac2 is None else f"{alpha}, AC2 {row.ac2:.2f}"
