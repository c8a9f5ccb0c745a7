"""How severe raters are, on the items that they share."""

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
    assert (first.is_severe, first.is_lenient) == (True, False)
    assert (last.is_severe, last.is_lenient) == (False, True)


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


def test_too_few_profiles_have_no_interval() -> None:
    found = severity([[1, 2]] * 12, places=[(f"p{n % 3}", "d") for n in range(12)])
    assert found.effects[0].effect == pytest.approx(-0.5)
    assert found.effects[0].reason == "no interval: fewer than 5 profiles"


def test_a_constant_difference_has_no_interval() -> None:
    found = severity([[1, 2], [3, 4]] * 6)
    assert found.effects[0].low is None
    assert found.effects[0].reason == "no interval: all items are alike"
