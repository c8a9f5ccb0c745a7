"""Differences with their intervals as the geometry of a forest plot. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.charts import ticks
from training.evaluation.results import Difference

WIDTH, ROW, TOP = 1080, 33, 32
LEFT, RIGHT = 230, 800


@dataclass(frozen=True)
class Line:
    """One measure: where its interval begins and ends, and its mean. In x; `y` is the row."""

    difference: Difference
    y: int
    low: float | None
    high: float | None
    value: float


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Forest:
    width: int
    height: int
    bottom: int
    zero: float
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
        return round(LEFT + (RIGHT - LEFT) * (value - marks[0]) / (marks[-1] - marks[0]), 1)

    def x_of(value: float | None, each: Difference) -> float | None:
        return None if value is None else x(value / each.measure.span)

    lines = [
        Line(
            each,
            TOP + ROW * at,
            x_of(each.estimate.low, each),
            x_of(each.estimate.high, each),
            x(each.estimate.value / each.measure.span),
        )
        for at, each in enumerate(differences)
    ]
    bottom = TOP + ROW * (len(differences) - 1) + 17
    return Forest(
        width=WIDTH,
        height=bottom + 32,
        bottom=bottom,
        zero=x(0.0),
        lines=lines,
        ticks=[
            Tick(x(mark), f"{mark * 100:+g} %".replace("-", "−")) for mark in marks if mark != 0
        ],
    )
