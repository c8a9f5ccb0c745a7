"""Gwet's AC2 against published figures and against his formula written out item by item."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.agreement import tables
from annotation.agreement.chance_corrected import ac2, ordinal_weights
from annotation.agreement.statistics import alpha, percent

# Gwet (2014), Handbook of Inter-Rater Reliability, table 2.10: four raters sort twelve units into
# five categories. In the R package irrCAC it is cac.raw4raters.
RATERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = list(zip(*RATERS, strict=True))
LEVELS = [1, 2, 3, 4, 5]
# Two people give the middle level nearly always: 38 times both 3, and once each way apart.
SKEWED = [(3, 3)] * 38 + [(3, 4), (4, 3)]

answers = st.sampled_from([None, 1, 2, 3, 5])
some = st.integers(2, 4).flatmap(
    lambda raters: st.lists(st.tuples(*[answers] * raters), min_size=10, max_size=20)
)


def test_the_published_example():
    assert ac2(UNITS, LEVELS, is_weighted=False).value == pytest.approx(0.77544, abs=5e-6)
    assert percent(UNITS).value == pytest.approx(0.81818, abs=5e-6)
    assert alpha(UNITS, "nominal").value == pytest.approx(0.74342, abs=5e-6)


def test_ordinal_weights_are_those_of_the_handbook():
    # Gwet (2014), chapter 3: 1 less the pairs of levels from one to the other of all such pairs.
    assert ordinal_weights(4)[0].tolist() == pytest.approx([1, 5 / 6, 1 / 2, 0])
    assert ordinal_weights(2).tolist() == [[1, 0], [0, 1]]


def by_hand(table, levels):
    """The formula of chapters 4 and 5, a pair of ratings at a time."""
    size = len(levels)
    step = {level: place for place, level in enumerate(levels)}

    def weight(one, other):
        apart = abs(step[one] - step[other])
        return 1 - apart * (apart + 1) / (size * (size - 1))

    items = [[value for value in item if value is not None] for item in table]
    items = [item for item in items if item]
    agreed = [
        np.mean([weight(a, b) for i, a in enumerate(item) for j, b in enumerate(item) if i != j])
        for item in items
        if len(item) > 1
    ]
    common = [np.mean([item.count(level) / len(item) for item in items]) for level in levels]
    total = sum(weight(a, b) for a in levels for b in levels)
    chance = total / (size * (size - 1)) * sum(share * (1 - share) for share in common)
    return (np.mean(agreed) - chance) / (1 - chance)


@given(some)
def test_it_is_the_formula_whatever_is_missing(table):
    found = ac2(table, LEVELS, n_resamples=20)
    if found.value is None:
        assert found.reason == alpha(table, n_resamples=20).reason
    else:
        assert found.value == pytest.approx(by_hand(table, LEVELS))
    assert found.value is None or found.value <= 1 + 1e-12


@given(some, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_that_of_raters_matters(table, random):
    raters = random.sample(range(len(table[0])), len(table[0]))
    shuffled = [[item[rater] for rater in raters] for item in random.sample(table, len(table))]
    one, other = (ac2(each, LEVELS, n_resamples=5).value for each in (table, shuffled))
    assert one == (None if other is None else pytest.approx(other))


def test_the_same_levels_always_are_one():
    assert ac2([(1, 1), (2, 2), (5, 5)] * 4, LEVELS).value == pytest.approx(1)
    # Here alpha is undefined: nothing varies.
    assert ac2([(3, 3)] * 12, LEVELS).value == pytest.approx(1)


def test_on_skewed_ratings_alpha_falls_and_ac2_does_not():
    low, steady = alpha(SKEWED).value, ac2(SKEWED, LEVELS).value
    assert low < 0 and steady > 0.9


def test_the_interval_draws_whole_places_with_the_items_of_one_rater():
    table = [*UNITS, (4, None, None, None)]
    found = ac2(table, LEVELS, places=[(item // 2, item) for item in range(13)])
    # The last profile has one item that one person rated.
    assert (found.unit, found.groups, found.n, found.n_pairable) == ("profiles", 7, 13, 11)
    assert found.low < found.value < found.high
    few = ac2(table, LEVELS, places=[(item % 4, item) for item in range(13)])
    assert (few.low, few.reason) == (None, "no interval: fewer than 5 profiles")


def test_too_few_items_have_no_figure():
    assert ac2([(1, 2)] * 9, LEVELS).reason == f"too few: 9 of at least {tables.MIN_ITEMS} items"


def test_a_level_off_the_scale_is_an_error():
    with pytest.raises(ValueError, match="not one of the levels"):
        ac2([(1, 6)] * 10, LEVELS)
