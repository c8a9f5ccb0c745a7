"""The one bootstrap of all pages: what it draws, and the values that each page had before."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from annotation.difficulty.statistics import Measured, share_hard
from annotation.generation.statistics import Pair, paired_gain
from annotation.impact.statistics import mean_of as mean_of_changes
from annotation.impact.statistics import ranking_of
from training.evaluation.statistics import mean_of
from webapp.intervals import (
    MIN_GROUPS,
    clusters_of,
    each_alone,
    groups_of,
    mean_bounds,
    resampled_means,
    sign_flip_p,
    wilson,
)

VALUES = np.random.default_rng(11).normal(0.3, 1, 40)
GROUPS = np.repeat(np.arange(8), 5)


def test_the_figures_of_all_pages_stay_what_they_were() -> None:
    pairs = [
        Pair(int(g), at, 0.0, float(v))
        for at, (g, v) in enumerate(zip(GROUPS, VALUES, strict=True))
    ]
    gain = paired_gain(pairs)
    assert (gain.low, gain.high) == pytest.approx((-0.1288610973689645, 0.5223376929150914))
    hard = share_hard([Measured(abs(pair.accepted), pair.profile, pair.dialogue) for pair in pairs])
    assert hard is not None and (hard.low, hard.high) == pytest.approx((0.5, 0.65))
    change = mean_of_changes(VALUES.tolist())
    assert (change.low, change.high) == pytest.approx((-0.05124737078987806, 0.4741114314304426))
    sets = [
        (VALUES[at : at + 5].tolist(), VALUES[at + 1 : at + 6].tolist()) for at in range(0, 30, 5)
    ]
    ranking = ranking_of(sets)
    for figure, low, high in (
        (ranking.tau, -0.4333333333333333, 0.09999999999999999),
        (ranking.flipped, 0.45, 0.7166666666666667),
        (ranking.advantage, 0.9274054726156646, 1.3929422349143463),
    ):
        assert (figure.low, figure.high) == pytest.approx((low, high))
    found = mean_of(VALUES, GROUPS.astype(str), seed=5)
    assert found is not None
    assert (found.low, found.high, found.p) == pytest.approx(
        (-0.13362691518759362, 0.5218407701802036, 0.21689155422288856)
    )


def test_it_draws_as_scipy_does() -> None:
    clusters = groups_of(GROUPS.tolist(), "profiles")
    sums, counts = np.bincount(GROUPS, VALUES), np.bincount(GROUPS).astype(float)
    theirs = bootstrap(
        [sums, counts],
        lambda one, other, axis: one.sum(axis=axis) / other.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=1_000,
        method="percentile",
        random_state=np.random.default_rng(0),
    )
    own = resampled_means(VALUES, clusters)
    assert own == pytest.approx(theirs.bootstrap_distribution)
    bounds = mean_bounds(VALUES, clusters)
    assert (bounds.low, bounds.high) == pytest.approx(tuple(theirs.confidence_interval))


def test_dialogues_are_drawn_where_there_is_one_profile() -> None:
    assert clusters_of(["p", "q", "p"], [1, 2, 3]).places.tolist() == [0, 1, 0]
    one = clusters_of(["p", "p", "p"], [3, 1, 3])
    assert (one.unit, one.places.tolist(), one.count) == ("dialogues", [0, 1, 0], 2)


def test_no_interval_from_too_few_or_from_what_is_alike() -> None:
    few = mean_bounds(VALUES[:4], each_alone(MIN_GROUPS - 1, "texts"))
    assert (few.low, few.reason) == (None, "fewer than 5 texts")
    # Sums of tenths are no exact numbers.
    alike = mean_bounds(np.full(30, 0.1), groups_of([at % 7 for at in range(30)], "profiles"))
    assert (alike.low, alike.high, alike.reason) == (None, None, "all profiles are alike")


def test_the_p_of_a_difference_that_is_the_same_in_all_groups() -> None:
    """Of all ways to turn the signs, two are as far from 0."""
    for groups in (5, 8):
        flips = np.array(np.meshgrid(*[[-1, 1]] * groups)).reshape(groups, -1)
        share = (abs(flips.mean(axis=0)) >= 1).mean()
        assert sign_flip_p(groups) == share
    assert sign_flip_p(1) == 1.0


def test_wilson_of_a_textbook() -> None:
    # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I: 81 / 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
