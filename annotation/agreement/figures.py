"""The figures of agreement as pages, API and exports read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.agreement.statistics import Estimate
from annotation.models import Rater
from rubrics.core.spec import CriterionSpec

_LOOKS = {Rater.Kind.PERSON: "human", Rater.Kind.JUDGE: "judge"}


@dataclass(frozen=True)
class DisplayedRater:
    """A rater as this page names it. Only leads read the names of people. `is_learned`: a judge
    that was fitted on ratings, perhaps on those that it is compared with."""

    key: str
    kind: str
    name: str
    is_learned: bool = False

    @property
    def is_person(self) -> bool:
        return self.kind == Rater.Kind.PERSON

    @property
    def look(self) -> str:
        """People are round and ochre, judges square and violet, all others hollow."""
        return _LOOKS.get(Rater.Kind(self.kind), "other")


@dataclass(frozen=True)
class CriterionAgreement:
    """One criterion among people: `raters` people, and how often they gave the same level.
    `carried` of their ratings were given under another version."""

    criterion: CriterionSpec
    raters: int
    carried: int
    alpha: Estimate
    same: Estimate


@dataclass(frozen=True)
class ComparedCriterion:
    criterion: CriterionSpec
    alpha: Estimate
    kappa: Estimate
    same: Estimate


@dataclass(frozen=True)
class Compared:
    """One rater that is no person of the project, beside the reference."""

    rater: DisplayedRater
    criteria: Sequence[ComparedCriterion]


@dataclass(frozen=True)
class Matrix:
    criterion: CriterionSpec
    rows: DisplayedRater
    columns: DisplayedRater
    levels: Sequence[int]
    cells: Sequence[tuple[int, Sequence[tuple[int, int]]]]
    n: int
    same: float | None
    near: float | None


@dataclass(frozen=True)
class Disagreement:
    """An item whose raters differ, with each one's level."""

    target_id: UUID
    title: str
    text: str
    dialogue_id: UUID | None
    position: int | None
    criterion: CriterionSpec
    people: Sequence[tuple[float, int | None]]
    others: Sequence[tuple[float, int | None]]
    apart: float
