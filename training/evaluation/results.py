"""What an evaluation found: a table for each judge, and what each system changes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rubrics.core.spec import RubricSpec
from training.evaluation.statistics import Estimate, clear_after_holm, difference_of, mean_of

EMOTION, FORMAT, TOTAL = "emotion", "format", "rubric"


@dataclass(frozen=True)
class Measure:
    """A column. `span` is how far its scale reaches, so that differences can be drawn together."""

    name: str
    label: str
    is_share: bool
    span: float

    @property
    def factor(self) -> int:
        """Shares are printed in percent."""
        return 100 if self.is_share else 1

    @property
    def places(self) -> int:
        return 1 if self.is_share else 2


@dataclass(frozen=True)
class Cell:
    """A mean; `is_clear` says that it is above that of the system compared with."""

    measure: Measure
    estimate: Estimate | None
    is_clear: bool


@dataclass(frozen=True)
class Row:
    system: Any
    cells: list[Cell]


@dataclass(frozen=True)
class Difference:
    """What one system has more than the other in a measure. `is_clear`: after Holm's correction
    over all measures of the comparison."""

    measure: Measure
    estimate: Estimate
    is_clear: bool

    @property
    def is_above(self) -> bool:
        """Whether it is clearly above."""
        return self.is_clear and self.estimate.value > 0

    @property
    def points(self) -> tuple[float, float | None, float | None]:
        """A share's difference in percentage points: (mean, low, high)."""
        e = self.estimate
        return (
            100 * e.value,
            None if e.low is None else 100 * e.low,
            None if e.high is None else 100 * e.high,
        )


@dataclass(frozen=True)
class Comparison:
    system: Any
    other: Any
    differences: list[Difference]

    def clear(self, sign: int) -> list[str]:
        """The measures that are clearly above (1) or below (-1)."""
        return [
            each.measure.label
            for each in self.differences
            if each.is_clear and each.estimate.value * sign > 0
        ]

    @property
    def above(self) -> list[str]:
        return self.clear(1)

    @property
    def below(self) -> list[str]:
        return self.clear(-1)


@dataclass(frozen=True)
class Table:
    """All systems as one judge sees them. `n` is how many prompts there are, of `groups`
    profiles."""

    judge: Any
    is_reward: bool
    measures: list[Measure]
    rows: list[Row]
    comparisons: list[Comparison]
    n: int
    groups: int

    @property
    def no_intervals(self) -> list[str]:
        """Why some of its figures have no interval, each reason once."""
        estimates = (cell.estimate for row in self.rows for cell in row.cells)
        return sorted({each.reason for each in estimates if each is not None and each.reason})


# The values of one system by measure: (prompts,), NaN where there is none.
Values = Mapping[str, np.ndarray]


def measures_of(spec: RubricSpec) -> list[Measure]:
    """The paper's columns: emotion accuracy, the rubric's criteria and their total, and format."""
    criteria = [
        Measure(each.uid, each.name, False, max(each.level_values) - min(each.level_values))
        for each in spec.judge_criteria
        if len(each.level_values) > 1
    ]
    return [
        Measure(EMOTION, "Emotion", True, 1.0),
        *criteria,
        Measure(TOTAL, "Rubric", False, 1.0),
        Measure(FORMAT, "Format", True, 1.0),
    ]


def table_of(
    systems: Sequence[Any],
    values: Sequence[Values],
    groups: np.ndarray,
    *,
    spec: RubricSpec,
    judge: Any,
    is_reward: bool,
    against: int,
    seed: int,
) -> Table:
    """`values` are those of each system; all are compared with the system at `against`.

    groups: (prompts,), the profile of each prompt."""
    measures = measures_of(spec)
    comparisons = {
        at: _comparison(systems, values, groups, measures, at, against, seed)
        for at in range(len(systems))
        if at != against
    }
    # By their names: two criteria may have the same label.
    better = {
        at: {each.measure.name for each in found.differences if each.is_above}
        for at, found in comparisons.items()
    }
    rows = [
        Row(
            system,
            [
                Cell(
                    measure,
                    mean_of(values[at][measure.name], groups, seed=seed),
                    measure.name in better.get(at, ()),
                )
                for measure in measures
            ],
        )
        for at, system in enumerate(systems)
    ]
    return Table(
        judge=judge,
        is_reward=is_reward,
        measures=measures,
        rows=rows,
        comparisons=list(comparisons.values()),
        n=len(groups),
        groups=len(set(groups.tolist())),
    )


def _comparison(
    systems: Sequence[Any],
    values: Sequence[Values],
    groups: np.ndarray,
    measures: Sequence[Measure],
    at: int,
    against: int,
    seed: int,
) -> Comparison:
    found = [
        difference_of(values[at][measure.name], values[against][measure.name], groups, seed=seed)
        for measure in measures
    ]
    clear = clear_after_holm(found)
    return Comparison(
        systems[at],
        systems[against],
        [
            Difference(measure, estimate, is_clear)
            for measure, estimate, is_clear in zip(measures, found, clear, strict=True)
            if estimate is not None
        ],
    )
