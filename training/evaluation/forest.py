"""Differences with their intervals as the geometry of a forest plot. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.charts import ticks
from training.evaluation.results import Difference

# Where the axis begins and ends, in percent of the plot, so that dots and labels at its ends are
# not cut off on a phone.
LEFT, RIGHT = 7.0, 93.0


@dataclass(frozen=True)
class Line:
    """One measure: where its interval begins and ends, and its mean, in percent of the width."""

    difference: Difference
    low: float | None
    high: float | None
    value: float


@dataclass(frozen=True)
class Tick:
    x: float
    label: str
    is_zero: bool


@dataclass(frozen=True)
class Forest:
    lines: list[Line]
    ticks: list[Tick]


def forest_of(differences: Sequence[Difference]) -> Forest | None:
    """Every difference as a share of its scale, so that all have one axis; None without any."""
    if not differences:
        return None
    reach = [
        edge / each.measure.span
        for each in differences
        for edge in (each.estimate.value, each.estimate.low, each.estimate.high)
        if edge is not None
    ]
    marks = ticks(min(0.0, *reach), max(0.0, *reach))

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - marks[0]) / (marks[-1] - marks[0]), 2)

    def x_of(value: float | None, each: Difference) -> float | None:
        return None if value is None else x(value / each.measure.span)

    lines = [
        Line(
            each,
            x_of(each.estimate.low, each),
            x_of(each.estimate.high, each),
            x(each.estimate.value / each.measure.span),
        )
        for each in differences
    ]
    return Forest(lines, [Tick(x(mark), _label(mark), mark == 0) for mark in marks])


def _label(mark: float) -> str:
    return f"{mark * 100:+g} %".replace("-", "−") if mark else "0"
