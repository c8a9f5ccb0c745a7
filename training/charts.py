"""Series as the geometry of small SVG charts, drawn by the server. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_POINTS = 300

Series = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Axis:
    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """Points as `x,y x,y`; `last` is where the direct label stands."""

    points: str
    last_x: float
    last_y: float
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
    now: float


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
    width: int = 1080,
    height: int = 320,
    room: float = 190,
    ticks: bool = True,
) -> Chart | None:
    """Lines over the steps of a run, with a band of ± `spread` around the first one.

    `room` is what the labels at the right need. None where there is no point yet."""
    values = [value for line in series for _, value in line]
    if not values:
        return None
    around = dict(spread)
    first = list(series[0])
    low = min([*values, *(value - around.get(step, 0) for step, value in first)])
    high = max([*values, *(value + around.get(step, 0) for step, value in first)])
    if ticks:
        y_ticks = _ticks(low, high)
        low, high = min(low, y_ticks[0]), max(high, y_ticks[-1])
    else:
        y_ticks = []
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    left, right = (44.0, width - room) if ticks else (2.0, width - room)
    top, bottom = (14.0, height - 36.0) if ticks else (10.0, height - 16.0)

    def x(step: int) -> float:
        return round(left + (right - left) * step / max(steps, 1), 1)

    def y(value: float) -> float:
        return round(bottom - (bottom - top) * (value - low) / (high - low), 1)

    lines = tuple(
        Line(
            points=" ".join(f"{x(step)},{y(value)}" for step, value in thin(line)),
            last_x=x(line[-1][0]),
            last_y=y(line[-1][1]),
            last=line[-1][1],
        )
        for line in series
        if line
    )
    upper = [(x(s), y(v + around[s])) for s, v in thin(first) if s in around]
    lower = [(x(s), y(v - around[s])) for s, v in thin(first) if s in around]
    return Chart(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        lines=lines,
        band=" ".join(f"{px},{py}" for px, py in [*upper, *reversed(lower)]),
        x_axis=tuple(Axis(x(step), f"{step:,}") for step in _steps(steps)) if ticks else (),
        y_axis=tuple(Axis(y(value), f"{value:g}") for value in y_ticks),
        now=lines[0].last_x if lines else left,
    )


def _ticks(low: float, high: float) -> list[float]:
    """About five round values around the range."""
    size = max(high - low, 1e-6)
    unit = 10.0 ** len(str(int(1 / size))) if size < 1 else 1.0
    for width in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000):
        step = width / (unit if size < 0.1 else 1)
        if size / step <= 5:
            break
    first = int(low // step)
    last = int(-(-high // step))
    return [round(i * step, 6) for i in range(first, last + 1)]


def _steps(steps: int) -> list[int]:
    """Five labels of the step axis."""
    every = max(1, steps // 4)
    marks = list(range(0, steps, every))[:4]
    return [*marks, steps]
