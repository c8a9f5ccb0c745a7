"""Intervals over profiles: known answers, and how often they hold the truth."""

import numpy as np
import pytest

from rubrics.core.spec import CriterionSpec, RubricSpec
from training.evaluation.results import table_of
from training.evaluation.statistics import Estimate, clear_after_holm, difference_of, mean_of


def test_a_mean_leaves_out_what_is_missing() -> None:
    values = np.array([1.0, 2.0, np.nan, 3.0, 1.0, 2.0, 3.0])
    found = mean_of(values, np.array(["a", "a", "b", "c", "d", "e", "f"]), seed=0)
    assert found is not None
    assert (found.value, found.n, found.groups) == (2.0, 6, 5)
    assert found.low is not None and found.high is not None
    assert found.low <= 2.0 <= found.high


def test_no_value_is_no_estimate_and_four_profiles_no_interval() -> None:
    nothing = np.array([np.nan, np.nan])
    assert mean_of(nothing, np.array(["a", "b"]), seed=0) is None
    few = mean_of(np.array([1.0, 2.0, 1.0, 2.0]), np.array(["a", "b", "c", "d"]), seed=0)
    assert few == Estimate(1.5, None, None, 4, 4, None, "fewer than 5 profiles")


def test_pairs_are_compared_prompt_by_prompt() -> None:
    one = np.array([2.0, 3.0, np.nan, 5.0, 4.0, 2.0, 3.0])
    other = np.array([1.0, 2.0, 3.0, np.nan, 3.0, 1.0, 2.0])
    found = difference_of(one, other, np.array(["a", "b", "c", "d", "e", "f", "g"]), seed=0)
    assert found is not None
    assert (found.value, found.n, found.low, found.high) == (1.0, 5, None, None)


def test_where_all_profiles_are_alike_the_p_is_not_the_bootstraps() -> None:
    """It would be 1 in 2,001 for five profiles as for fifty."""
    groups = np.array(list("aabcdefgh"))
    same, none = np.full(9, -0.5), np.zeros(9)
    for values, p in ((same, 2 * 0.5**8), (none, 1.0)):
        found = mean_of(values, groups, seed=0)
        assert found is not None and found.p == p
        assert (found.low, found.high, found.reason) == (None, None, "all profiles are alike")
    five = mean_of(np.ones(5), np.array(list("abcde")), seed=0)
    assert five is not None and five.p == 0.0625
    # The values differ inside the profiles, and yet no resample can.
    inside = mean_of(np.tile([0.0, 1.0], 6), np.repeat(list("abcdef"), 2), seed=0)
    assert inside is not None and (inside.low, inside.p) == (None, 2 * 0.5**6)


@pytest.mark.slow
def test_the_interval_holds_the_truth_about_95_times_of_100() -> None:
    """Profiles differ from each other, so an interval over prompts would be far too narrow."""
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(32), 8)
    held = 0
    for run in range(200):
        values = 0.3 + rng.normal(0, 1, 32)[groups] + rng.normal(0, 0.5, len(groups))
        found = mean_of(values, groups, seed=run)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 0.3 <= found.high
    assert 178 <= held <= 199


def estimate(p: float | None) -> Estimate:
    return Estimate(0.1, 0.0, 0.2, 10, 5, p)


def test_holm_asks_more_of_the_first_than_of_the_last() -> None:
    assert clear_after_holm([estimate(0.04), None, estimate(0.01)]) == [True, False, True]
    # The smallest of two needs 0.025: where it fails, the others do.
    assert clear_after_holm([estimate(0.04), estimate(0.03)]) == [False, False]
    assert clear_after_holm([estimate(None)]) == [False]


def test_bold_follows_the_criterion_and_not_its_name() -> None:
    """Two criteria of one name: only the one that is clearly above is bold."""
    spec = RubricSpec(
        title="T",
        criteria=(
            CriterionSpec("a", "a", "Kind", scale="binary"),
            CriterionSpec("b", "b", "Kind", scale="binary"),
        ),
    )
    groups = np.array([str(at) for at in range(40)])
    flat = {name: np.zeros(40) for name in ("a", "b", "rubric", "emotion", "format")}
    table = table_of(
        ["base", "new"], [flat, {**flat, "a": np.ones(40)}], groups,
        spec=spec, judge="J", is_reward=False, against=0, seed=0,
    )  # fmt: skip
    assert [cell.measure.name for cell in table.rows[1].cells if cell.is_clear] == ["a"]
