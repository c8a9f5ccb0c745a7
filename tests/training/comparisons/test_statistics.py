"""The figures of a blind comparison, against values known from elsewhere."""

import pytest

from training.comparisons.statistics import FIRST, SECOND, TIE, share_of, win_rate


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # R: prop.test(k, n, correct = FALSE)$conf.int
    [(5, 10, 0.2366, 0.7634), (0, 8, 0.0, 0.3244), (8, 8, 0.6756, 1.0), (60, 100, 0.5020, 0.6906)],
)
def test_wilson(k: int, n: int, low: float, high: float) -> None:
    share = share_of(k, n)
    assert share is not None
    assert (share.low, share.high) == (
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
    )
    assert share.value == k / n


def test_no_share_of_nothing() -> None:
    assert share_of(0, 0) is None


def test_a_tie_counts_half_and_a_pair_once() -> None:
    pairs = [[FIRST], [SECOND], [TIE], [FIRST, FIRST, TIE, SECOND], []]
    found = win_rate(pairs, ["p", "q", "r", "s", "t"], seed=0)
    assert found is not None
    assert found.value == pytest.approx((1 + 0 + 0.5 + 2.5 / 4) / 4)
    assert (found.n, found.groups, found.low) == (4, 4, None)


def test_the_interval_draws_profiles() -> None:
    # Five profiles that always say the same: ten pairs tell no more than five.
    pairs = [[FIRST], [FIRST], [SECOND], [SECOND], [FIRST]]
    groups = ["a", "b", "c", "d", "e"]
    once = win_rate(pairs, groups, seed=3)
    twice = win_rate(pairs * 2, groups * 2, seed=3)
    assert once is not None and twice is not None
    assert once.low is not None and once.high is not None
    assert (once.value, once.low, once.high) == (twice.value, twice.low, twice.high)
    assert once.low < 0.6 < once.high


def test_pairs_that_are_all_alike_give_no_interval_without_width() -> None:
    for said in (FIRST, TIE):
        found = win_rate([[said]] * 9, list("abcdefghi"), seed=0)
        assert found is not None and (found.n, found.groups) == (9, 9)
        assert (found.low, found.high) == (None, None)


def test_none_without_a_judgement() -> None:
    assert win_rate([[], []], ["a", "b"], seed=0) is None
