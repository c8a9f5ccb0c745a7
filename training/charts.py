"""Series as the geometry of small SVG charts, drawn by the server. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_POINTS = 300

Series = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Axis:
    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """Points as `x,y x,y`; `last_x` and `last_y` are where the direct label stands."""

    points: str
    last_x: float
    last_y: float
    last_step: int
    last: float


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    lines: tuple[Line, ...]
    band: str
    x_axis: tuple[Axis, ...]
    y_axis: tuple[Axis, ...]


@dataclass(frozen=True)
class _Plane:
    """Where a step and a value are drawn."""

    left: float
    right: float
    top: float
    bottom: float
    steps: int
    low: float
    high: float

    def x(self, step: int) -> float:
        return round(self.left + (self.right - self.left) * step / max(self.steps, 1), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.bottom - (self.bottom - self.top) * share, 1)

    def points(self, series: Series) -> str:
        return " ".join(f"{self.x(step)},{self.y(value)}" for step, value in series)


def thin(series: Series, most: int = MAX_POINTS) -> list[tuple[int, float]]:
    """At most `most` points, evenly over the steps; the last one is always kept."""
    if len(series) <= most:
        return list(series)
    every = len(series) / most
    return [series[int(i * every)] for i in range(most - 1)] + [series[-1]]


def chart(
    series: Sequence[Series],
    *,
    steps: int,
    spread: Series = (),
    within: tuple[float, float] | None = None,
    width: int = 1080,
    height: int = 340,
    room: float = 190,
) -> Chart | None:
    """Lines over the steps of a run, with axes and a band of ± `spread` around the first one.

    `within` is the scale of the values: the band ends there, and the axis shows all of it, wider
    where a value lies outside. `room` is what the labels at the right need. None where there is no
    point yet."""
    shown = [thin(line) for line in series if line]
    if not shown:
        return None
    around = dict(spread)
    least, most = _range(shown, within) if within else (-math.inf, math.inf)
    band = [
        (step, max(least, value - around[step]), min(most, value + around[step]))
        for step, value in shown[0]
        if step in around
    ]
    edges = [edge for _, lower, upper in band for edge in (lower, upper)]
    low, high = _range(shown, [*edges, *(within or ())])
    y_ticks = ticks(low, high)
    plane = _Plane(44, width - room, 14, height - 36, steps, y_ticks[0], y_ticks[-1])
    outline = [
        *((step, upper) for step, _, upper in band),
        *((step, lower) for step, lower, _ in reversed(band)),
    ]
    return Chart(
        width=width,
        height=height,
        left=plane.left,
        right=plane.right,
        top=plane.top,
        bottom=plane.bottom,
        lines=tuple(_line(plane, line) for line in shown),
        band=plane.points(outline),
        x_axis=tuple(Axis(plane.x(step), f"{step:,}") for step in step_marks(steps)),
        y_axis=tuple(Axis(plane.y(value), f"{value:g}") for value in y_ticks),
    )


def small_chart(
    series: Series, *, steps: int, width: int = 300, height: int = 92, room: float = 64
) -> Chart | None:
    """One line without labels on its axes; its last value is written at its end."""
    if not series:
        return None
    line = thin(series)
    low, high = _range([line], [])
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    plane = _Plane(2, width - room, 12, height - 20, steps, low, high)
    return Chart(
        width, height, plane.left, plane.right, plane.top, plane.bottom,
        lines=(_line(plane, line),), band="", x_axis=(), y_axis=(),
    )  # fmt: skip


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round values whose first and last enclose the range."""
    size = high - low
    if size < 1e-9:
        size = abs(high) or 1.0
    step = _round_up(size / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        first, last = first - 1, last + 1
    return [round(i * step, 10) for i in range(first, last + 1)]


def step_marks(steps: int) -> list[int]:
    """Round labels of the step axis; the last step is always one."""
    every = max(1, round(_round_up(steps / 6)))
    return [*(mark for mark in range(0, steps, every) if steps - mark > every / 2), steps]


def _round_up(size: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(size)) if size > 0 else 1.0
    return next(unit * by for by in (1, 2, 2.5, 5, 10) if unit * by >= size - 1e-12)


def _range(lines: Sequence[Series], more: Sequence[float]) -> tuple[float, float]:
    values = [*_values(lines), *more]
    return min(values), max(values)


def _values(lines: Sequence[Series]) -> Iterator[float]:
    return (value for line in lines for _, value in line)


def _line(plane: _Plane, line: Series) -> Line:
    step, value = line[-1]
    return Line(plane.points(line), plane.x(step), plane.y(value), step, value)
