"""ICC(2,1) and ICC(2,k) against the published example."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.agreement import tables
from annotation.agreement.icc import icc

# Shrout and Fleiss (1979), table 2: four judges rate six targets.
TARGETS = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]

full = st.integers(2, 4).flatmap(
    lambda raters: st.lists(st.tuples(*[st.integers(1, 5)] * raters), min_size=10, max_size=20)
)


@pytest.fixture
def no_minimum(monkeypatch):
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)


def test_the_published_example(no_minimum):
    found = icc(TARGETS)
    # Table 4: ICC(2,1) = .29, ICC(2,4) = .62.
    assert round(found.single.value, 2) == 0.29
    assert round(found.mean.value, 2) == 0.62
    assert (found.raters, found.single.n) == (4, 6)
    # R: psych::ICC gives .2898 and .6201.
    assert found.single.value == pytest.approx(0.2898, abs=1e-4)
    assert found.mean.value == pytest.approx(0.6201, abs=1e-4)


def test_a_rater_who_is_always_higher_lowers_it():
    base = [(level, level) for level in (1, 2, 3, 4, 1, 2, 3, 4, 1, 2)]
    assert icc(base).single.value == pytest.approx(1)
    assert icc(base).mean.value == pytest.approx(1)
    assert icc([(a, b + 1) for a, b in base]).single.value < 0.8


def test_only_items_of_all_the_same_raters_count():
    rng = np.random.default_rng(3)
    whole = [
        tuple(row)
        for row in np.clip(rng.integers(1, 5, (12, 1)) + rng.integers(0, 2, (12, 3)), 1, 5).tolist()
    ]
    others = [(None, 1, None, 5)] * 3 + [(2, None, None, None)]
    found = icc([(*row, None) for row in whole] + others)
    assert (found.raters, found.single.n, found.mean.n_pairable) == (3, 12, 12)
    assert found.single.value == pytest.approx(icc(whole).single.value)


def test_of_two_groups_that_with_more_ratings_counts():
    pair = [(1, 2, None), (2, 2, None), (3, 4, None), (4, 4, None)] * 4
    found = icc(pair + [(1, 1, 1), (2, 2, 3)])
    # 18 items of two people are 36 ratings, 2 of three are 6.
    assert (found.raters, found.single.n) == (2, 18)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([], "no ratings"),
        ([(1, None), (2, None)], "one rater"),
        ([(1, None), (None, 2)], "no item was rated twice"),
        ([(1, 2)] * 9, "too few: 9 of at least 10 items"),
        ([(4, 4)] * 10, "no variation: every rating is 4"),
        # Each pair of people shares too few, though 12 items were rated twice.
        ([(1, 2, None), (None, 3, 4)] * 6, "too few: 6 of at least 10 items"),
    ],
)
def test_an_undefined_value_has_a_reason(table, reason):
    found = icc(table)
    assert (found.single.value, found.single.reason) == (None, reason)
    assert (found.mean.value, found.mean.reason) == (None, reason)


def test_a_mean_of_raters_who_are_opposite_is_undefined():
    found = icc([(1, 5), (5, 1)] * 6)
    assert found.single.value is not None and found.single.value < 0
    assert (found.mean.value, found.mean.reason) == (None, "raters contradict each other too much")


@given(full, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_that_of_raters_matters(table, random):
    raters = random.sample(range(len(table[0])), len(table[0]))
    shuffled = [[item[rater] for rater in raters] for item in random.sample(table, len(table))]
    one, other = icc(table, n_resamples=5), icc(shuffled, n_resamples=5)
    for first, second in ((one.single, other.single), (one.mean, other.mean)):
        assert first.value == (None if second.value is None else pytest.approx(second.value))
        assert first.value is None or first.value <= 1 + 1e-9


@given(full)
def test_the_mean_is_what_spearman_and_brown_say(table):
    found = icc(table, n_resamples=5)
    if found.single.value is not None and found.mean.value is not None:
        k, single = found.raters, found.single.value
        assert found.mean.value == pytest.approx(k * single / (1 + (k - 1) * single), abs=1e-6)


def test_the_interval_is_a_bootstrap_over_whole_places():
    """Against one that draws the profiles one by one."""
    rng = np.random.default_rng(8)
    table = np.clip(rng.integers(1, 6, (60, 1)) + rng.integers(-1, 2, (60, 3)), 1, 5)
    groups = np.repeat(np.arange(12), 5)
    places = [(int(group), 0) for group in groups]
    found = icc(table, places=places, n_resamples=4_000).single
    assert (found.unit, found.groups) == ("profiles", 12)
    slow = []
    for _ in range(1_500):
        drawn = np.concatenate([np.flatnonzero(groups == g) for g in rng.integers(0, 12, 12)])
        slow.append(icc(table[drawn], n_resamples=2).single.value)
    assert np.percentile(slow, [2.5, 97.5]) == pytest.approx([found.low, found.high], abs=0.03)
