"""Charts as numbers for SVG attributes: the server draws, templates only print."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 960
_LEFT, _RIGHT = 210.0, 660.0
_LINE, _GAP, _TOP = 24.0, 16.0, 28.0


@dataclass(frozen=True)
class Figure:
    """One figure to draw: who it is about, its value and its interval, or why there is none."""

    name: str
    look: str
    value: float | None
    low: float | None
    high: float | None
    why_none: str


@dataclass(frozen=True)
class Mark:
    figure: Figure
    y: float
    x: float | None
    low: float | None
    high: float | None

    @property
    def square(self) -> tuple[float, float]:
        return ((self.x or 0) - 5, self.y - 5)


@dataclass(frozen=True)
class Row:
    label: str
    y: float
    marks: Sequence[Mark]
    # The hairline under the row.
    end: float


@dataclass(frozen=True)
class IntervalChart:
    """Values with intervals on one axis that ends at 1, a row for each criterion."""

    rows: Sequence[Row]
    ticks: Sequence[tuple[float, float]]
    height: float
    width: int = WIDTH
    left: float = _LEFT
    right: float = _RIGHT
    text: float = _RIGHT + 28


def interval_chart(rows: Sequence[tuple[str, Sequence[Figure]]]) -> IntervalChart | None:
    """The chart of (label, figures) rows; None where nothing has a value."""
    lowest = [
        figure.value if figure.low is None else min(figure.low, figure.value)
        for _, figures in rows
        for figure in figures
        if figure.value is not None
    ]
    if not lowest:
        return None
    start = min(0.0, math.floor(min(lowest) * 5) / 5)

    def at(value: float | None) -> float | None:
        if value is None:
            return None
        return round(_LEFT + (_RIGHT - _LEFT) * (value - start) / (1 - start), 1)

    y = _TOP
    drawn = []
    for label, figures in rows:
        marks = [
            Mark(
                figure, y + _LINE * (place + 0.5), at(figure.value), at(figure.low), at(figure.high)
            )
            for place, figure in enumerate(figures)
        ]
        end = y + _LINE * len(figures) + _GAP / 2
        drawn.append(Row(label, y + _LINE / 2, marks, end))
        y = end + _GAP / 2
    steps = round((1 - start) / 0.2)
    ticks = [
        (round(start + 0.2 * step, 1), at(start + 0.2 * step) or 0.0) for step in range(steps + 1)
    ]
    return IntervalChart(drawn, ticks, y)
