"""Whether a judge could stand in for a person: worked out by hand, and simulated."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from annotation.agreement.alternative import (
    EPSILON,
    MIN_CLUSTERS,
    MIN_SHARED,
    StandIn,
    significant,
    stand_in,
)

Levels = Sequence[float | None]
# Three people and a judge: 30 items on which all agree, 6 on which the judge alone is one off, and
# 4 on which the first person alone is.
ALIKE: tuple[Levels, float] = ((2, 2, 2), 2)
JUDGE_OFF: tuple[Levels, float] = ((2, 2, 2), 3)
FIRST_OFF: tuple[Levels, float] = ((1, 2, 2), 2)


def _tested(rows: Sequence[tuple[Levels, float]], profiles: Sequence[int] = ()) -> StandIn:
    """Each item stands for itself, if no `profiles` are named."""
    places = [(profile, item) for item, profile in enumerate(profiles)] or None
    return stand_in([judge for _, judge in rows], [people for people, _ in rows], places=places)


def test_worked_out_by_hand() -> None:
    found = _tested([ALIKE] * 30 + [JUDGE_OFF] * 6 + [FIRST_OFF] * 4)
    first, second, third = found.people
    # The first person is closer 6 times and the judge 4 times: behind by .05 of 40 items. The sum
    # of squares around it is 10 - 40 * .05**2 = 9.9, so t = (.05 - .2) / sqrt(9.9 / (40 * 39)),
    # which is -1.883.
    assert (first.items, first.advantage, first.of_person) == (40, 34 / 40, 36 / 40)
    assert first.p == pytest.approx(0.0336, abs=1e-4)
    # Beside 1 and 2, the judge's 2 and the second person's 2 are equally close. So the judge is
    # behind by .15, the sum of squares is 6 - 40 * .15**2 = 5.1, and t = -.05 / .0572 = -.8745.
    assert second == third
    assert second.advantage == 34 / 40
    assert second.p == pytest.approx(0.1936, abs=1e-4)
    assert (found.wins, found.winning_rate, found.passes) == (0, 0, False)
    assert (found.advantage, found.items) == (pytest.approx(34 / 40), 40)
    assert found.advantage_of_people == pytest.approx((36 / 40 + 1 + 1) / 3)


def test_without_profiles_it_is_the_t_test_of_the_paper() -> None:
    behind = [0] * 30 + [1] * 6 + [-1] * 4
    found = _tested([ALIKE] * 30 + [JUDGE_OFF] * 6 + [FIRST_OFF] * 4)
    expected = ttest_1samp(behind, EPSILON, alternative="less").pvalue
    assert found.people[0].p == pytest.approx(expected)


def test_a_large_difference_counts_more_than_two_small_ones() -> None:
    """Beside 1 and 5, a judge's 3 is closer than a person's 1 by the root mean square."""
    found = _tested([ALIKE] * 40 + [((1, 1, 5), 3)] * 10)
    first, second, third = found.people
    # 3 is as far as 2 from both; 1 is as far as 0 and 4: 8 against 16. The third, 5, is far off.
    assert first.advantage == second.advantage == third.advantage == 1
    assert found.passes
    # Beside 1 and 3 both are equally close, and with 1 and 1 the person is closer.
    found = _tested([ALIKE] * 40 + [((1, 1, 1), 3)] * 10)
    assert {person.advantage for person in found.people} == {0.8}


def test_false_wins_are_limited_whatever_the_dependence() -> None:
    """Of three, the limits are .05 / (1 + 1/2 + 1/3) = .0273, times 1/3, 2/3 and 1."""
    assert significant([0.02, 0.009, 0.03]) == [False, True, False]
    assert significant([0.027, 0.026, 0.025]) == [True, True, True]
    assert significant([0.018, 0.5, 0.0181]) == [True, False, True]
    assert significant([0.04, 0.05, 0.06]) == [False, False, False]


@pytest.mark.parametrize("seed", range(10))
def test_a_copy_of_a_person_passes_and_a_random_judge_fails(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, 150)
    people = np.clip(truth[:, None] + random.choice([-1, 0, 0, 1], (150, 4)), 1, 5)
    assert stand_in(people[:, 0], people).passes
    unseen = np.clip(truth + random.choice([-1, 0, 0, 1], 150), 1, 5)
    assert stand_in(unseen, people).passes
    by_chance = stand_in(random.integers(1, 6, 150), people)
    assert by_chance.winning_rate == 0 and not by_chance.passes


def test_replies_to_one_person_do_not_count_as_independent() -> None:
    rows = [ALIKE] * 108 + [JUDGE_OFF] * 12
    # The twelve are of two profiles out of twenty.
    together = _tested(rows, [n // 6 for n in range(120)])
    assert _tested(rows).people[0].p < 0.001 < 0.05 < together.people[0].p
    assert _tested(rows).passes and together.passes is False


def test_losing_an_item_does_not_make_a_judge_win_more_easily() -> None:
    """A t-test of one lost item out of a hundred would say p < 1e-9."""
    profiles = [n // 5 for n in range(100)]
    never = _tested([ALIKE] * 100, profiles)
    once = _tested([ALIKE] * 99 + [JUDGE_OFF], profiles)
    for better, worse in zip(never.people, once.people, strict=True):
        assert better.p == pytest.approx(0.8**20)
        assert worse.p >= better.p
    # With so many profiles, a judge that never loses passes.
    assert never.passes
    assert all(significant([(1 - EPSILON) ** MIN_CLUSTERS] * 42))


def test_a_person_with_too_few_profiles_is_left_out_alone() -> None:
    rows: list[tuple[Levels, float]] = [((2, 2, 2, None), 2)] * 70 + [((2, 2, 2, 2), 2)] * 30
    # The items of the fourth person are of 19 profiles.
    profiles = [100 + n for n in range(70)] + [n % 19 for n in range(30)]
    assert [person.items for person in _tested(rows, profiles).people] == [100, 100, 100]
    few = _tested(rows, [n % 19 for n in range(100)])
    assert few.passes is None and few.reason.endswith("So far none have.")


def test_a_judge_that_is_never_further_away_wins_if_there_are_enough_items() -> None:
    """A t-test has nothing to measure: .8 ** 40 bounds how likely that is."""
    assert [person.p for person in _tested([ALIKE] * 40).people] == [pytest.approx(0.8**40)] * 3
    assert {person.p for person in _tested([JUDGE_OFF] * 40).people} == {1}


def test_it_takes_three_people_who_share_items() -> None:
    assert not _tested([ALIKE] * MIN_SHARED).reason
    reason = (
        "At least 3 people must each have rated 30 items of 20 profiles that the judge and 2 other "
        "people rated too. So far"
    )
    found = _tested([ALIKE] * (MIN_SHARED - 1))
    assert found.reason == f"{reason} none have."
    assert (found.passes, found.winning_rate, found.advantage, found.items) == (None, None, None, 0)
    # Of two people who rated an item, leaving one out leaves no group.
    pairs: list[tuple[Levels, float]] = [((2, 2, None), 2), ((None, 2, 2), 2)] * 60
    assert _tested(pairs).reason.startswith(reason)
    # The fourth person has too few items, and is no other person of most.
    some: list[tuple[Levels, float]] = [((2, 2, 2, None), 2)] * 30 + [((2, 2, 2, 3), 2)] * 5
    assert len(_tested(some).people) == 3
    assert stand_in([], []).reason.startswith(reason)


def test_items_without_a_level_of_the_judge_do_not_count() -> None:
    judge: list[float | None] = [2.0] * 30 + [None] * 30
    found = stand_in(judge, [ALIKE[0]] * 60)
    assert {person.items for person in found.people} == {30}
