"""The figures of a preview on tables small enough to check by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotation.agreement.statistics import kappa_shift
from annotation.impact.charts import change_chart
from annotation.impact.statistics import advantages, mean_of, ranking_of

UP, DOWN = [0.1, 0.5, 0.9], [0.9, 0.5, 0.1]
REWARDS = st.lists(st.integers(0, 8).map(lambda n: n / 8), min_size=2, max_size=6)


def test_the_same_order_flips_nothing() -> None:
    found = ranking_of([(UP, [0.2, 0.3, 0.4]), (UP, UP)])
    assert (found.flipped.value, found.flipped.n) == (0.0, 6)
    assert found.tau.value == 1.0 and found.tau.n == 2


def test_an_order_turned_round_flips_every_pair() -> None:
    found = ranking_of([(UP, DOWN)])
    assert found.flipped.value == 1.0 and found.tau.value == -1.0
    # A group of three in equal steps has the advantages -1, 0, 1.
    assert found.advantage.value == pytest.approx(4 / 3, abs=1e-3)
    assert found.advantage.low is None and found.advantage.reason == "fewer than 5 groups"


def test_ties_are_told_apart_from_flips() -> None:
    found = ranking_of([([0.5, 0.5], [0.2, 0.8])])
    assert found.flipped.value is None and "have the same score" in found.flipped.reason
    assert found.tau.value is None
    # What had no advantage gets one: (0.8 - 0.5) / 0.424.
    assert found.advantage.value == pytest.approx(math.sqrt(0.5), abs=1e-3)


def test_advantages_are_those_of_training() -> None:
    from training.trainer.rewards import group_advantages

    rewards = [0.2, 0.4, 0.9, 0.9]
    assert advantages(rewards).tolist() == pytest.approx(group_advantages(rewards, 4))


@given(st.lists(st.tuples(REWARDS, st.randoms(use_true_random=False)), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_figures_stay_in_their_range(drawn: list) -> None:
    groups = []
    for before, random in drawn:
        after = list(before)
        random.shuffle(after)
        groups.append((before, after))
    found = ranking_of(groups)
    for figure, low, high in (
        (found.flipped, 0.0, 1.0),
        (found.tau, -1.0, 1.0),
        (found.advantage, 0.0, math.inf),
    ):
        if figure.value is not None:
            assert low - 1e-9 <= figure.value <= high + 1e-9
        if figure.low is not None:
            assert low - 1e-9 <= figure.low <= figure.high <= high + 1e-9


def test_a_mean_with_its_interval() -> None:
    found = mean_of([0.0] * 50 + [1.0] * 50)
    assert found.value == 0.5 and found.n == 100
    # The normal approximation: 0.5 +- 1.96 * 0.05.
    assert found.low == pytest.approx(0.402, abs=0.02)
    assert found.high == pytest.approx(0.598, abs=0.02)
    assert mean_of([]).reason and mean_of([1.0]).low is None
    assert mean_of([0.5] * 9).reason == "all texts are alike"
    assert ranking_of([(UP, DOWN)] * 6).flipped.reason == "all groups are alike"


def test_the_paired_difference_is_narrower_than_two_intervals() -> None:
    random = np.random.default_rng(3)
    people = random.integers(1, 6, 200)
    # The same errors by both, and twenty more by the first.
    both = np.clip(people + random.integers(-1, 2, 200), 1, 5)
    worse = both.copy()
    worse[:20] = 6 - worse[:20]
    found = kappa_shift(people, worse, both, levels=[1, 2, 3, 4, 5])
    for estimate, judged in ((found.first, worse), (found.second, both)):
        expected = cohen_kappa_score(people, judged, labels=[1, 2, 3, 4, 5], weights="quadratic")
        assert estimate.value == pytest.approx(expected)
    assert found.change == pytest.approx(found.second.value - found.first.value)
    assert 0 < found.low < found.change < found.high
    assert found.first.low is not None and found.second.high is not None
    assert found.high - found.low < found.second.high - found.first.low
    same = kappa_shift(people, both, both, levels=[1, 2, 3, 4, 5])
    assert (same.change, same.low) == (0.0, None)
    assert same.reason == "no interval: both gave the same levels"


def test_only_texts_of_all_three_count_and_only_their_profiles_are_drawn() -> None:
    people = [1, 2, None, 3] * 5
    found = kappa_shift(
        people,
        [1, None, 2, 3] * 5,
        [1, 2, 2, 2] * 5,
        levels=[1, 2, 3],
        places=[(row, at) for row in range(5) for at in range(4)],
    )
    assert found.n == 10
    assert (found.first.unit, found.first.groups) == ("profiles", 5)
    assert kappa_shift([1] * 9, [1] * 9, [2] * 9, levels=[1, 2]).reason.startswith("too few")
    assert kappa_shift([None], [1], [1], levels=[1, 2]).reason


def test_the_chart_goes_from_gain_to_loss() -> None:
    chart = change_chart([0.0, -0.5, 0.25, -0.1])
    assert chart is not None
    assert [bar.direction for bar in chart.bars] == ["up", "same", "down", "down"]
    assert (chart.up, chart.same, chart.down) == (1, 1, 2)
    heights = [bar.height for bar in chart.bars]
    assert heights[3] == pytest.approx(2 * heights[0]) == pytest.approx(5 * heights[2])
    assert all(chart.left <= bar.x <= chart.right for bar in chart.bars)
    assert change_chart([]) is None
