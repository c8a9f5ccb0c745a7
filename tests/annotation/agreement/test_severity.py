"""Who gives higher or lower levels, on the items that raters share."""

import tracemalloc

import numpy as np
import pytest

from annotation.agreement.severity import Severity, severity

RATERS = np.array([-0.6, 0.1, 0.5])


def effects(found: Severity) -> dict[int, float | None]:
    return {row.rater: row.effect for row in found.effects}


def rated(
    count: int, *, noise: float = 0.0, share: float = 1.0, seed: int = 1
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Levels of RATERS for items of profiles of four; `share` of the ratings are there."""
    random = np.random.default_rng(seed)
    items = random.normal(3, 1, count)
    table = items[:, None] + RATERS + noise * random.normal(size=(count, len(RATERS)))
    table[random.random(table.shape) > share] = np.nan
    return table, [(f"p{item // 4}", f"d{item // 2}") for item in range(count)]


def test_of_two_raters_each_is_half_the_mean_difference_away() -> None:
    table = [[3, 4], [2, 2], [1, 3], [4, 5]] * 3
    found = severity(table)
    assert effects(found) == {0: pytest.approx(-0.5), 1: pytest.approx(0.5)}
    assert (found.items, [row.ratings for row in found.effects]) == (12, [12, 12])


def test_without_noise_the_effects_are_found_whoever_rated_what() -> None:
    table, places = rated(60, share=0.7)
    found = severity(table, places=places)
    assert effects(found) == {n: pytest.approx(effect) for n, effect in enumerate(RATERS)}


def test_whoever_got_the_weak_items_is_not_severe() -> None:
    """Means say the opposite: rater 0 has the weak items, and gives half a level more."""
    weak = [[1.5, 1.0, None]] * 10
    strong = [[None, 4.0, 4.0]] * 10
    both = [[2.5, None, 2.0]] * 10
    table = [*weak, *strong, *both]
    found = effects(severity(table))
    assert np.nanmean(np.array(table, dtype=float)[:, 0]) < 2.1
    assert found == {0: pytest.approx(1 / 3), 1: pytest.approx(-1 / 6), 2: pytest.approx(-1 / 6)}


def test_the_interval_holds_the_effect_and_draws_profiles() -> None:
    table, places = rated(200, noise=0.7, share=0.8, seed=2)
    found = severity(table, places=places)
    assert (found.unit, found.groups) == ("profiles", 50)
    for row, effect in zip(found.effects, RATERS, strict=True):
        assert row.low is not None and row.high is not None
        assert row.low < effect < row.high and row.high - row.low < 0.5
    first, *_, last = found.effects
    assert (first.is_lower, first.is_higher) == (True, False)
    assert (last.is_lower, last.is_higher) == (False, True)


def test_95_of_100_intervals_hold_the_effect() -> None:
    held = []
    for seed in range(60):
        table, places = rated(80, noise=0.7, share=0.8, seed=seed)
        found = severity(table, places=places, n_resamples=300)
        held += [row.low < e < row.high for row, e in zip(found.effects, RATERS, strict=True)]  # type: ignore[operator]
    # With 20 profiles a bootstrap of percentiles is a little too narrow.
    assert 0.88 < np.mean(held) <= 1


def test_items_of_one_profile_that_are_alike_widen_the_interval() -> None:
    random = np.random.default_rng(3)
    of_profile = np.repeat(random.normal(size=(12, 2)), 10, axis=0)
    table = 3 + of_profile
    alone = severity(table)
    together = severity(table, places=[(f"p{item // 10}", f"d{item}") for item in range(120)])
    widths = [row.high - row.low for row in (alone.effects[0], together.effects[0])]  # type: ignore[operator]
    assert widths[1] > 2 * widths[0]


def test_raters_who_share_no_item_are_not_compared() -> None:
    table = [[1, 2, None, None, None]] * 10 + [[None, None, 4, 4, 5]] * 10
    found = severity(table)
    assert set(effects(found)) == {0, 1, 2, 3, 4}
    assert [row.rater for row in found.effects if row.effect is None] == [0, 1]
    assert found.effects[-1].reason.startswith("shares no item")
    assert sum(row.effect or 0 for row in found.effects) == pytest.approx(0)


def test_where_there_is_nothing_to_compare_it_says_so() -> None:
    assert severity([[1, None], [None, 2]]).reason == "no item was rated twice"
    assert severity([]).reason == "no item was rated twice"
    assert severity([[1, 2]] * 9).reason == "too few: 9 of at least 10 items"


def test_raters_of_too_few_profiles_are_not_compared() -> None:
    found = severity([[1, 2]] * 12, places=[(f"p{n % 3}", "d") for n in range(12)])
    assert [(row.effect, row.reason) for row in found.effects] == [
        (None, "fewer than 5 profiles"),
        (None, "fewer than 5 profiles"),
    ]
    assert found.reason == "no rater has enough items in common with others"


def test_a_rater_of_three_items_is_not_compared() -> None:
    """Nobody is severe here, and three items that were rated low by chance say nothing."""
    random = np.random.default_rng(4)
    table = random.normal(3, 1, (60, 1)) + 0.5 * random.normal(size=(60, 3))
    table[:3, 2] = table[:3, :2].mean(axis=1) - 1
    table[3:, 2] = np.nan
    *compared, few = severity(table).effects
    assert [row.low is not None for row in compared] == [True, True]
    assert (few.rater, few.effect, few.ratings) == (2, None, 3)
    assert few.reason == "too few: 3 of at least 10 items"


def test_a_new_rater_takes_nobody_s_interval() -> None:
    table, places = rated(80, noise=0.7, seed=5)
    new = np.full((80, 1), np.nan)
    new[7] = 1
    alone = severity(table, places=places)
    beside = severity(np.hstack([table, new]), places=places)
    assert beside.effects[:3] == alone.effects and alone.effects[0].low is not None
    assert beside.effects[3].reason == "too few: 1 of at least 10 items"
    assert (beside.items, beside.groups) == (alone.items, alone.groups)


def test_two_unlinked_pairs_don_t_add_up_to_enough_items() -> None:
    found = severity([[1, 2, None, None]] * 6 + [[None, None, 4, 5]] * 5)
    assert [row.effect for row in found.effects] == [None] * 4
    assert (found.items, found.groups) == (0, 0)


def test_who_shares_enough_items_with_such_raters_only_is_not_compared() -> None:
    table = [[1, 2, None]] * 6 + [[1, None, 2]] * 6
    first, *others = severity(table).effects
    assert [row.reason for row in others] == ["too few: 6 of at least 10 items"] * 2
    assert first.reason.endswith("0 of at least 10 items that a rater with enough items rated, too")


def test_items_and_profiles_are_those_of_the_group() -> None:
    table = [[1, 2, 2, None, None]] * 12 + [[None, None, None, 4, 5]] * 10
    found = severity(table, places=[(f"p{item // 2}", "d") for item in range(22)])
    assert (found.items, found.unit, found.groups) == (12, "profiles", 6)


def test_many_raters_of_many_items_need_little_memory() -> None:
    table, places = np.full((10_000, 30), np.nan), [(item // 20, 0) for item in range(10_000)]
    random = np.random.default_rng(6)
    for item, row in enumerate(table):
        row[[item % 30, (item + 1 + item // 30 % 3) % 30]] = random.integers(1, 6, 2)
    tracemalloc.start()
    found = severity(table, places=places, n_resamples=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.effects) == 30 and all(row.low is not None for row in found.effects)
    # Items x raters x raters are 72 million bytes.
    assert peak < 40_000_000


def test_a_constant_difference_has_no_interval() -> None:
    found = severity([[1, 2], [3, 4]] * 6)
    assert found.effects[0].low is None
    assert found.effects[0].reason == "no interval: all items are alike"
