"""The figures of agreement as pages, API and exports read them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.agreement.alternative import StandIn
from annotation.agreement.applicability import Applicability
from annotation.agreement.calibration import Calibration
from annotation.agreement.icc import Correlations
from annotation.agreement.severity import RaterEffect
from annotation.agreement.soft_labels import SoftLabel, soft_label
from annotation.agreement.tables import Estimate
from annotation.models import Rater, Target
from annotation.ratings.labels import title_of, tone_of
from rubrics.core.spec import CriterionSpec

# target -> level of one rater for one criterion, None where it does not apply
Answers = Mapping[UUID, float | None]

_LOOKS = {Rater.Kind.PERSON: "human", Rater.Kind.JUDGE: "judge"}


@dataclass(frozen=True)
class DisplayedRater:
    """A rater as this page names it. Only leads read the names of people. `is_learned`: a judge
    that was fitted on ratings; `is_recorded` unless its fit did not keep on which."""

    key: str
    kind: str
    name: str
    is_learned: bool = False
    is_recorded: bool = True

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
    `carried` of their ratings were given under another version. `icc` is of the items that the
    same people all rated; `applies` counts those that only some gave a level."""

    criterion: CriterionSpec
    raters: int
    carried: int
    alpha: Estimate
    ac2: Estimate
    icc: Correlations
    same: Estimate
    applies: Applicability


@dataclass(frozen=True)
class ReferenceCount:
    """How many `items` have a reference for one criterion. `undecided` have none because
    people differ, and nobody settled it."""

    criterion: CriterionSpec
    items: int
    undecided: int


@dataclass(frozen=True)
class CriterionSeverity:
    """How much higher or lower levels each person gives on one criterion, over the `items` of those
    who are compared. The bootstrap draws `groups` clusters of `unit`. Where nobody can be compared,
    `reason` says why."""

    criterion: CriterionSpec
    raters: Sequence[tuple[DisplayedRater, RaterEffect]]
    items: int
    unit: str
    groups: int
    reason: str


@dataclass(frozen=True)
class Closeness:
    """How close one column of levels is to another."""

    alpha: Estimate
    kappa: Estimate
    same: Estimate


@dataclass(frozen=True)
class AmongPeople:
    """Each of `people` compared with the level that the other people have in common, and the rater
    compared with the same: what people reach, and whether the rater reaches it. Of `items` items;
    the figures count an item once for each person."""

    people: int
    items: int
    of_people: Closeness
    of_rater: Closeness


@dataclass(frozen=True)
class ComparedCriterion:
    """One rater beside the reference for one criterion. `beside_people` if that is people
    who can be compared with each other; `stand_in` and, with items enough, `calibration` if the
    rater is a judge, too. Items `left_out`
    don't count, because the judge knows them from its fit."""

    criterion: CriterionSpec
    alpha: Estimate
    ac2: Estimate
    kappa: Estimate
    icc: Correlations
    same: Estimate
    applies: Applicability
    beside_people: AmongPeople | None = None
    stand_in: StandIn | None = None
    calibration: Calibration | None = None
    left_out: int = 0


@dataclass(frozen=True)
class Compared:
    """One rater that is no person of the project, beside the reference. `items` that both rated
    count; `left_out` don't, because the judge knows them from its fit."""

    rater: DisplayedRater
    criteria: Sequence[ComparedCriterion]
    items: int = 0
    left_out: int = 0

    @property
    def has_common_items(self) -> bool:
        return any(row.alpha.n_pairable or row.applies.share.n_pairable for row in self.criteria)

    @property
    def is_tested(self) -> bool:
        """Whether it can be asked if this rater could stand in for a person."""
        return any(row.stand_in for row in self.criteria)

    @property
    def is_calibrated(self) -> bool:
        """Whether it is known for some criterion what people give at its levels."""
        return any(row.calibration for row in self.criteria)

    @property
    def why_untested(self) -> str:
        """Why that can't be answered, if the reason is the same for each criterion; else empty."""
        reasons = {row.stand_in.reason for row in self.criteria if row.stand_in}
        return reasons.pop() if len(reasons) == 1 else ""

    @property
    def is_beside_people(self) -> bool:
        """Whether rows of people stand below some criterion."""
        return any(row.beside_people for row in self.criteria)


@dataclass(frozen=True)
class Matrix:
    """The answers of two raters. In `answers` None is "does not apply", there only if one of the
    two said so. `n`, `same` and `near` are of items with two levels; `mixed` have one."""

    criterion: CriterionSpec
    rows: DisplayedRater
    columns: DisplayedRater
    answers: Sequence[int | None]
    cells: Sequence[tuple[int | None, Sequence[tuple[int, int]]]]
    n: int
    same: float | None
    near: float | None
    mixed: int
    answered: int


# A level, None where the criterion does not apply, and the tone it is shown in.
Given = tuple[float | None, int | None]


@dataclass(frozen=True)
class Disagreement:
    """An item whose raters differ, with each one's answer. `apart` is in levels; where only some
    said that the criterion applies, it is the length of the scale."""

    target_id: UUID
    title: str
    text: str
    dialogue_id: UUID | None
    position: int | None
    criterion: CriterionSpec
    people: Sequence[Given]
    others: Sequence[Given]
    apart: float

    @property
    def of_people(self) -> SoftLabel:
        """How people's levels are spread."""
        return soft_label([value for value, _ in self.people])

    @property
    def against(self) -> list[int]:
        """The levels that others gave where somebody said that the criterion does not apply."""
        values = {value for value, _ in (*self.people, *self.others)}
        return sorted(int(value) for value in values if value is not None) if None in values else []


def matrix_of(
    criterion: CriterionSpec,
    rows: tuple[DisplayedRater, Answers],
    columns: tuple[DisplayedRater, Answers],
) -> Matrix:
    first, second = rows[1], columns[1]
    pairs = Counter(
        (_level(first[target]), _level(second[target])) for target in first if target in second
    )
    answers: list[int | None] = [*criterion.level_values]
    if any(None in pair for pair in pairs):
        answers.append(None)
    both = [pair for pair in pairs.elements() if None not in pair]
    most = max(pairs.values(), default=0)
    steps = {answer: place for place, answer in enumerate(answers)}
    return Matrix(
        criterion=criterion,
        rows=rows[0],
        columns=columns[0],
        answers=answers,
        cells=[
            (row, [(pairs[row, column], _heat(pairs[row, column], most)) for column in answers])
            for row in answers
        ],
        n=len(both),
        same=_share(a == b for a, b in both),
        near=_share(abs(steps[a] - steps[b]) <= 1 for a, b in both),
        mixed=sum(count for (a, b), count in pairs.items() if (a is None) != (b is None)),
        answered=pairs.total(),
    )


def disagreement_of(
    target: Target,
    criterion: CriterionSpec,
    people: Iterable[float | None],
    others: Iterable[float | None],
    apart: float,
) -> Disagreement:
    turn = target.turn
    context = target.context or {}
    text = turn.text if turn else context.get("candidate", {}).get("response", "")
    return Disagreement(
        target_id=target.pk,
        title=title_of(target),
        text=text,
        dialogue_id=turn.dialogue_id if turn else target.dialogue_id,
        position=turn.position if turn else None,
        criterion=criterion,
        people=[_shown(criterion, value) for value in people],
        others=[_shown(criterion, value) for value in others],
        apart=apart,
    )


def _shown(criterion: CriterionSpec, value: float | None) -> Given:
    return value, None if value is None else tone_of(criterion, value)


def _level(value: float | None) -> int | None:
    return None if value is None else int(value)


def _heat(count: int, most: int) -> int:
    """The shade of a cell, 0 to 4."""
    return 0 if not count else 1 + min(3, int(4 * count / (most + 1)))


def _share(holds: Iterable[bool]) -> float | None:
    values = list(holds)
    return sum(values) / len(values) if values else None
