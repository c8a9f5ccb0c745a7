from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotation.agreement import statistics as agreement
from annotation.agreement import tables as rating_tables
from annotation.agreement.statistics import alpha, cohen_kappa_weighted, kappa_shift, percent
from annotation.agreement.tables import patterns_of

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", example C: four observers,
# twelve units, missing data. Its published values: nominal .743, ordinal .815.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = list(zip(*OBSERVERS, strict=True))

ratings = st.sampled_from([None, 1, 2, 3, 5])
tables = st.integers(2, 4).flatmap(
    lambda raters: st.lists(st.tuples(*[ratings] * raters), min_size=10, max_size=20)
)


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_of_krippendorffs_worked_example(level, published):
    found = alpha(UNITS, level)
    assert round(found.value, 3) == published
    assert (found.n, found.n_pairable) == (12, 11)
    assert found.base_rate == 13 / 40  # 40 pairable values, "2" is given 13 times
    assert found.low < found.value < found.high
    assert found.reason == ""


def test_kappa_of_a_worked_example():
    # Two reviewers of fifty grant proposals (Wikipedia, "Cohen's kappa", simple example):
    # 20 both yes, 5 and 10 split, 15 both no; observed .70, by chance .50.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa_weighted(first, second, weights=None).value == pytest.approx(0.4)
    assert percent(list(zip(first, second, strict=True))).value == pytest.approx(0.7)


@pytest.fixture
def no_minimum(monkeypatch):
    """Tables small enough to check by hand."""
    monkeypatch.setattr(rating_tables, "MIN_ITEMS", 2)


def test_percent_weighs_items_alike(no_minimum):
    found = percent([(1, 1, 2), (3, 3, None), (4, None, None)])
    assert found.value == pytest.approx((1 / 3 + 1) / 2)
    assert (found.n, found.n_pairable) == (3, 2)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([], "no ratings"),
        ([(None, None)], "no ratings"),
        ([(1, None), (2, None)], "one rater"),
        ([(1,), (2,)], "one rater"),
        ([(1, None), (None, 2)], "no item was rated twice"),
        ([(1, 2), (None, 2)], "too few: 1 of at least 10 items"),
        ([(1, 2), (2, 2)], "too few: 2 of at least 10 items"),
        ([(1, 2)] * 9 + [(None, 2)], "too few: 9 of at least 10 items"),
        ([(4, 4)] * 10 + [(4, None)], "no variation: every rating is 4"),
        ([(4, 4)] * 10 + [(1, None)], "no variation: every rating is 4"),
    ],
)
def test_an_undefined_value_has_a_reason(table, reason):
    found = alpha(table)
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
    if table and len(table[0]) == 2:
        assert cohen_kappa_weighted(*zip(*table, strict=True)).reason == reason


def test_percent_needs_no_variation():
    found = percent([(4, 4)] * 10)
    assert found.value == 1
    assert (found.low, found.high, found.reason) == (None, None, "no interval: all items are alike")


def test_too_few_is_said_apart_from_undefined():
    few, alike = alpha([(1, 2)] * 9), alpha([(4, 4)] * 10)
    assert few.is_too_few and few.why_none == "too few: 9 of at least 10 items"
    assert not alike.is_too_few and alike.why_none.startswith("undefined: no variation")


def test_ten_items_are_enough():
    found = alpha([(1, 1), (2, 2), (3, 2), (4, 5), (5, 5)] * 2)
    assert found.value is not None and not found.reason


def test_what_is_drawn_is_profiles_or_the_dialogues_of_one():
    random = np.random.default_rng(2)
    table = noisy_ratings(random, items=40)
    several = alpha(table, places=[(item // 5, item // 2) for item in range(40)])
    assert (several.unit, several.groups) == ("profiles", 8)
    one = alpha(table, places=[(0, item // 2) for item in range(40)])
    assert (one.unit, one.groups) == ("dialogues", 20)
    items = alpha(table)
    assert (items.unit, items.groups) == ("items", 40)
    assert several.value == one.value == items.value
    assert len({(each.low, each.high) for each in (several, one, items)}) == 3


def test_only_items_that_were_rated_twice_are_drawn():
    table = [(1, 1), (2, 3)] * 6 + [(4, None)] * 6
    found = percent(table, places=[("a", item // 2) for item in range(12)] + [("b", "x")] * 6)
    assert (found.unit, found.groups, found.n_pairable) == ("dialogues", 6, 12)


def test_fewer_than_five_clusters_have_no_interval():
    table = noisy_ratings(np.random.default_rng(2), items=40)
    found = alpha(table, places=[(item % 4, item) for item in range(40)])
    assert found.value is not None
    assert (found.low, found.reason) == (None, "no interval: fewer than 5 profiles")


def test_a_bootstrap_over_clusters_draws_them_whole():
    """Against one that draws them one by one and calls the library."""
    random = np.random.default_rng(8)
    table, groups = noisy_ratings(random, items=60), np.repeat(np.arange(12), 5)
    found = alpha(table, places=[(int(group), 0) for group in groups], n_resamples=4_000)
    members = [np.flatnonzero(groups == group) for group in range(12)]
    slow = []
    for _ in range(3_000):
        drawn = np.concatenate([members[each] for each in random.integers(0, 12, 12)])
        slow.append(krippendorff.alpha(table[drawn].T, level_of_measurement="ordinal"))
    assert np.percentile(slow, [2.5, 97.5]) == pytest.approx([found.low, found.high], abs=0.03)


def test_values_that_earlier_versions_gave():
    """By item, as before whole clusters were drawn."""
    random = np.random.default_rng(11)
    random.normal(0.3, 1, 40)
    table = np.clip(random.integers(1, 6, (40, 1)) + random.integers(-1, 2, (40, 3)), 1, 5)
    found = alpha(table, seed=2)
    assert (found.value, found.low, found.high) == pytest.approx(
        (0.7651242264243915, 0.6188037531183559, 0.8372380214582414)
    )
    found = percent(table, seed=2)
    assert (found.low, found.high) == pytest.approx((0.3416666666666666, 0.5333333333333333))
    found = cohen_kappa_weighted(table[:, 0], table[:, 1], levels=[1, 2, 3, 4, 5], seed=2)
    assert (found.low, found.high) == pytest.approx((0.604497528830313, 0.8377683693593971))
    shift = kappa_shift(*table.T, levels=[1, 2, 3, 4, 5], seed=2)
    assert (shift.low, shift.high) == pytest.approx((-0.056400632900456917, 0.17309504601691175))


def test_too_little_variation_gives_a_value_without_an_interval():
    found = alpha([(4, 4)] * 20 + [(4, 5)])
    assert found.value is not None
    assert found.low is None
    assert found.reason.startswith("no interval")


def test_the_level_that_nobody_used_still_counts_in_kappa(no_minimum):
    first, second = [1, 1, 5, 5, 1], [1, 5, 5, 5, 2]
    whole_scale = cohen_kappa_score(first, second, labels=[1, 2, 3, 4, 5], weights="linear")
    assert cohen_kappa_weighted(first, second, weights="linear").value == pytest.approx(whole_scale)
    narrow = cohen_kappa_weighted(first, second, weights="linear", levels=[1, 2, 5]).value
    assert narrow == pytest.approx(cohen_kappa_score(first, second, weights="linear"))
    assert narrow != pytest.approx(whole_scale)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: alpha(UNITS, "interval"), "nominal or ordinal"),
        (lambda: alpha([1, 2, 3]), "two dimensions"),
        (lambda: alpha([(1, float("inf")), (1, 2)]), "infinite"),
        (lambda: alpha([(i, i + 0.5) for i in range(60)]), "120 distinct ratings"),
        (lambda: cohen_kappa_weighted([1] * 10, [3] * 10, levels=[1, 2]), "not one of the levels"),
        (lambda: cohen_kappa_weighted([1, 2], [1]), "shorter"),
    ],
)
def test_a_misuse_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@given(tables, st.sampled_from(["nominal", "ordinal"]))
def test_our_alpha_of_coincidences_is_the_librarys(table, level):
    """The vectorised formula, which makes the intervals, against the point estimate."""
    found = alpha(table, level, n_resamples=1)
    assume(found.value is not None)
    patterns, items, size = patterns_of(np.array(table, dtype=float))
    coincidences = np.bincount(items) @ agreement._coincidences(patterns, size)
    (own,) = agreement._alphas(coincidences.reshape(1, size, size), level)
    assert own == pytest.approx(found.value)
    data = np.array(table, dtype=float).T
    assert own == pytest.approx(krippendorff.alpha(data, level_of_measurement=level))


pairs = st.lists(st.tuples(*[st.integers(1, 4)] * 2), min_size=10, max_size=20)


@pytest.mark.slow
@given(pairs, st.sampled_from(["quadratic", "linear", None]))
def test_our_kappa_of_a_confusion_matrix_is_the_librarys(table, weights):
    first, second = zip(*table, strict=True)
    found = cohen_kappa_weighted(first, second, weights=weights, levels=range(1, 5), n_resamples=1)
    assume(found.value is not None)
    confusion = np.zeros((1, 4, 4))
    np.add.at(confusion[0], tuple(np.array(table).T - 1), 1)
    (own,) = agreement._kappas(confusion, agreement._penalties(4, weights))
    assert own == pytest.approx(found.value)


@pytest.mark.slow
@given(tables, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_that_of_raters_matters(table, random):
    raters = random.sample(range(len(table[0])), len(table[0]))
    items = random.sample(table, len(table))
    shuffled = [[item[rater] for rater in raters] for item in items]
    for statistic in (alpha, percent):
        one, other = statistic(table, n_resamples=20), statistic(shuffled, n_resamples=20)
        assert one.reason == other.reason
        assert one.value == (None if other.value is None else pytest.approx(other.value))


@given(tables)
def test_bounds_and_counts(table):
    for found in (alpha(table, n_resamples=50), percent(table, n_resamples=50)):
        assert found.n_pairable <= found.n <= len(table)
        assert (found.value is None) <= (found.reason != "")
        if found.value is not None:
            assert found.value <= 1 + 1e-12
            assert 0 < found.base_rate <= 1
        if found.low is not None:
            assert found.low <= found.high <= 1 + 1e-12


def test_the_same_seed_gives_the_same_interval():
    assert alpha(UNITS, seed=3) == alpha(UNITS, seed=3)
    assert alpha(UNITS, seed=3) != alpha(UNITS, seed=4)


def test_blocks_of_resamples_do_not_change_the_result(monkeypatch):
    whole = alpha(UNITS, n_resamples=100)
    monkeypatch.setattr(rating_tables, "_BLOCK", 7 * 101**2)
    assert alpha(UNITS, n_resamples=100) == whole


def test_the_interval_covers_as_a_bootstrap_over_the_library_does():
    random = np.random.default_rng(5)
    table = noisy_ratings(random, items=80)
    found = alpha(table, n_resamples=4_000)
    slow = [
        krippendorff.alpha(table[random.integers(0, 80, 80)].T, level_of_measurement="ordinal")
        for _ in range(600)
    ]
    assert np.percentile(slow, [2.5, 97.5]) == pytest.approx([found.low, found.high], abs=0.03)


def test_resamples_cost_a_few_products_over_the_distinct_patterns(monkeypatch):
    """Not a pass over 2,000 items for each of the 1,000 resamples."""
    table = noisy_ratings(np.random.default_rng(1), items=2_000)
    table[::7, 0] = np.nan
    calls = {"library": 0, "products": 0, "patterns": 0}
    library, products, interval = krippendorff.alpha, agreement._alphas, agreement.interval_of

    def count_library(**options: Any) -> Any:
        calls["library"] += 1
        return library(**options)

    def count_products(*args: Any) -> Any:
        calls["products"] += 1
        return products(*args)

    def count_patterns(statistic: Any, items: Any, patterns: int, *args: Any) -> Any:
        calls["patterns"] = patterns
        return interval(statistic, items, patterns, *args)

    monkeypatch.setattr(krippendorff, "alpha", count_library)
    monkeypatch.setattr(agreement, "_alphas", count_products)
    monkeypatch.setattr(agreement, "interval_of", count_patterns)
    alpha(table, n_resamples=1_000)
    assert calls["library"] == 1
    assert 1 <= calls["products"] <= 10
    # Three ratings from 1 to 5 in any order, or two of them.
    assert 1 <= calls["patterns"] <= 35 + 15


def noisy_ratings(random, items: int):
    truth = random.integers(1, 6, (items, 1))
    return np.clip(truth + random.integers(-1, 2, (items, 3)), 1, 5).astype(float)
