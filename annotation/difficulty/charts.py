"""The histogram of pFAIL as numbers for SVG attributes: the server draws, templates only print."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640.0, 254.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 8.0, 632.0, 28.0, 200.0
# Under so many bars each one has its count above it and its label below.
_LABELLED = 18


@dataclass(frozen=True)
class Bin:
    """The prompts whose share of FAIL is nearest to `fails` of K, easy ones and hard ones."""

    fails: int
    share: float
    easy: int
    hard: int

    @property
    def count(self) -> int:
        return self.easy + self.hard


@dataclass(frozen=True)
class Bar:
    bin: Bin
    x: float
    middle: float
    width: float
    # The two parts, the easy one below: where each begins and how high it is.
    easy_y: float
    easy_height: float
    hard_y: float
    hard_height: float

    @property
    def label_y(self) -> float:
        return round(self.hard_y - 8, 1)


@dataclass(frozen=True)
class Histogram:
    """K + 1 bars, from no FAIL to nothing but FAIL."""

    bars: Sequence[Bar]
    is_labelled: bool
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = _RIGHT
    bottom: float = _BOTTOM
    label: float = _BOTTOM + 22
    title: float = _BOTTOM + 46


def bins_of(counts: Sequence[tuple[float, int]], replies: int, *, hard_from: float) -> list[Bin]:
    """The K + 1 bins of (pFAIL, prompts). Where all K replies were judged, a bin is one value."""
    easy, hard = [0] * (replies + 1), [0] * (replies + 1)
    for p_fail, count in counts:
        place = int(p_fail * replies + 0.5)
        (hard if p_fail >= hard_from else easy)[place] += count
    return [Bin(place, place / replies, easy[place], hard[place]) for place in range(replies + 1)]


def histogram_of(bins: Sequence[Bin]) -> Histogram | None:
    """None where no prompt has a pFAIL."""
    most = max(each.count for each in bins)
    if not most:
        return None
    step = (_RIGHT - _LEFT) / len(bins)
    scale = (_BOTTOM - _TOP) / most
    bars = []
    for place, each in enumerate(bins):
        x = _LEFT + place * step
        easy, hard = each.easy * scale, each.hard * scale
        bars.append(
            Bar(
                bin=each,
                x=round(x + step * 0.1, 2),
                middle=round(x + step / 2, 2),
                width=round(step * 0.8, 2),
                easy_y=round(_BOTTOM - easy, 2),
                easy_height=round(easy, 2),
                hard_y=round(_BOTTOM - easy - hard, 2),
                hard_height=round(hard, 2),
            )
        )
    return Histogram(bars, is_labelled=len(bins) <= _LABELLED)
