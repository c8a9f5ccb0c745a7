"""The share of items that only some raters gave a level."""

import pytest

from annotation.agreement.applicability import applicability
from webapp.intervals import wilson


def test_it_counts_items_with_both_answers():
    found = applicability([(True, False), (True, True), (False, False), (True, None), (None, None)])
    assert (found.items, found.share.value) == (1, pytest.approx(1 / 3))
    assert (found.share.n, found.share.n_pairable) == (4, 3)


def test_where_items_are_independent_the_interval_is_wilsons():
    found = applicability([(True, False)] * 3 + [(True, True)] * 17).share
    assert (found.low, found.high) == pytest.approx(wilson(3, 20), abs=0.01)


def test_items_that_are_alike_within_a_profile_are_worth_one():
    """Ten profiles of four items, in three of which every item has both answers."""
    table = [(True, profile >= 3) for profile in range(10) for _ in range(4)]
    places = [(profile, item) for profile in range(10) for item in range(4)]
    found = applicability(table, places=places)
    assert (found.items, found.share.value) == (12, pytest.approx(0.3))
    assert (found.share.unit, found.share.groups) == ("profiles", 10)
    # Cochran's variance has 9 in place of 10.
    assert (found.share.low, found.share.high) == pytest.approx(wilson(2.7, 9))


def test_none_found_is_as_sure_as_the_profiles_are_many():
    table = [(True, True)] * 40
    places = [(item // 4, item) for item in range(40)]
    found = applicability(table, places=places).share
    assert found.value == 0
    assert (found.low, found.high) == pytest.approx(wilson(0, 10))


def test_what_has_no_interval_says_why():
    few = applicability([(True, False), (True, True)], places=[(0, 0), (1, 0)]).share
    assert (few.value, few.low, few.reason) == (0.5, None, "no interval: fewer than 5 profiles")
    none = applicability([(True, None)])
    assert (none.items, none.share.value, none.share.reason) == (0, None, "no item was rated twice")
    assert applicability([]).share.reason == "no item was rated twice"
