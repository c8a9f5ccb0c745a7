"""The share of hard prompts and the bins of the histogram."""

import numpy as np
import pytest

from annotation.difficulty.charts import bins_of, histogram_of
from annotation.difficulty.statistics import Measured, share_hard


def measured(*p_fails: float, each: int = 1) -> list[Measured]:
    return [
        Measured(value, f"profile {place // each}", place) for place, value in enumerate(p_fails)
    ]


def test_the_share_counts_one_half_as_hard() -> None:
    share = share_hard(measured(0.0, 0.49, 0.5, 0.75, 1.0, 0.1))
    assert share is not None and share.value == 0.5 and (share.n, share.groups) == (6, 6)
    assert share.low is not None and share.high is not None
    assert 0.0 <= share.low < 0.5 < share.high <= 1.0


def test_prompts_of_one_profile_widen_the_interval() -> None:
    draws = np.random.default_rng(1).random(40) < 0.5
    values = [float(draw) for draw in np.repeat(draws, 5)]
    alone, together = share_hard(measured(*values)), share_hard(measured(*values, each=5))
    assert alone is not None and together is not None and alone.value == together.value
    assert (together.high or 0) - (together.low or 0) > 1.5 * ((alone.high or 0) - (alone.low or 0))


@pytest.mark.parametrize(
    ("p_fails", "reason"),
    [((0.0, 1.0, 1.0), "fewer than 5 profiles"), ((1.0,) * 9, "all profiles are alike")],
)
def test_it_says_why_there_is_no_interval(p_fails: tuple[float, ...], reason: str) -> None:
    share = share_hard(measured(*p_fails))
    assert share is not None and (share.low, share.high, share.reason) == (None, None, reason)
    assert share_hard([]) is None


@pytest.mark.parametrize("replies", range(2, 33))
def test_a_share_of_all_replies_has_a_bin_of_its_own(replies: int) -> None:
    counts = [(fails / replies, fails + 1) for fails in range(replies + 1)]
    bins = bins_of(counts, replies, hard_from=0.5)
    assert [each.count for each in bins] == list(range(1, replies + 2))
    assert all(not each.hard for each in bins if each.share < 0.5)
    assert all(not each.easy for each in bins if each.share >= 0.5)


def test_a_share_of_fewer_replies_is_in_the_nearest_bin() -> None:
    bins = bins_of([(1 / 3, 2), (2 / 3, 5)], 8, hard_from=0.5)
    assert {each.fails: (each.easy, each.hard) for each in bins if each.count} == {
        3: (2, 0),
        5: (0, 5),
    }


def test_bars_stand_on_the_axis_inside_of_the_chart() -> None:
    chart = histogram_of(bins_of([(0.0, 3), (0.5, 9), (1.0, 1)], 8, hard_from=0.5))
    assert chart is not None and len(chart.bars) == 9
    for bar in chart.bars:
        assert bar.easy_y + bar.easy_height == pytest.approx(chart.bottom, abs=0.02)
        assert bar.hard_y + bar.hard_height == pytest.approx(bar.easy_y, abs=0.02)
        assert bar.label_y > 0 and bar.x + bar.width <= chart.width
    assert histogram_of(bins_of([], 8, hard_from=0.5)) is None
