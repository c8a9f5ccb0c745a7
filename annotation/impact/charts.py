"""The change of every text as bars from zero: numbers for SVG attributes, templates only print."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 960.0, 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 952.0, 16.0, 184.0
# A change that shows at all.
_LEAST = 1.5


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    # "up", "down" or "same"
    direction: str


@dataclass(frozen=True)
class ChangeChart:
    """Bars from the largest gain to the largest loss; `ticks` are (value, y)."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, float]]
    zero: float
    up: int
    down: int
    same: int
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = _RIGHT


def change_chart(changes: Sequence[float]) -> ChangeChart | None:
    """The chart of one change for each text; None without any."""
    if not changes:
        return None
    ordered = sorted(changes, reverse=True)
    # The axis ends at a tenth, and is never so short that a hair's breadth fills it.
    most = max(0.1, math.ceil(max(map(abs, ordered)) * 10) / 10)
    middle = (_TOP + _BOTTOM) / 2
    scale = (_BOTTOM - _TOP) / 2 / most
    step = (_RIGHT - _LEFT) / len(ordered)
    bars = []
    for place, change in enumerate(ordered):
        is_same = abs(change) < 1e-9
        height = _LEAST if is_same else max(abs(change) * scale, _LEAST)
        top = middle - height if change > 0 and not is_same else middle
        bars.append(
            Bar(
                x=round(_LEFT + place * step + step * 0.12, 2),
                y=round(top - (_LEAST / 2 if is_same else 0), 2),
                width=round(max(step * 0.76, 0.5), 2),
                height=round(height, 2),
                direction="same" if is_same else "up" if change > 0 else "down",
            )
        )
    ticks = [(round(value, 2), round(middle - value * scale, 1)) for value in (most, 0.0, -most)]
    directions = [bar.direction for bar in bars]
    return ChangeChart(
        bars,
        ticks,
        middle,
        up=directions.count("up"),
        down=directions.count("down"),
        same=directions.count("same"),
    )
