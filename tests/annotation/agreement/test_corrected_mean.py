"""A judge's mean over a set, corrected by the part that people rated."""

from collections.abc import Hashable, Mapping

import numpy as np
import pytest

from annotation.agreement.corrected_mean import CorrectedMean, corrected_mean

SCALE = (1, 2, 3, 4, 5)
Levels = dict[Hashable, float]
Places = Mapping[Hashable, tuple[Hashable, Hashable]]


def places_of(count: int, *, each: int = 1) -> dict[Hashable, tuple[Hashable, Hashable]]:
    """`each` replies of every profile, a dialogue each."""
    return {key: (f"profile {key // each}", f"dialogue {key}") for key in range(count)}


def a_set(
    seed: int, *, profiles: int, rated: int, kindness: float, noise: float = 0.5
) -> tuple[Levels, Levels, Places, float]:
    """A judge's levels, people's levels of `rated` profiles, places, and the mean in truth. The
    four replies of a profile are alike; the judge follows people with some noise, and is kind."""
    rng = np.random.default_rng(seed)
    truth = 3 + np.repeat(rng.normal(0, 0.7, profiles), 4) + rng.normal(0, 0.5, 4 * profiles)
    judge = truth + kindness + rng.normal(0, noise, len(truth))
    judged: Levels = dict(enumerate(judge.tolist()))
    people: Levels = dict(enumerate(truth[: 4 * rated].tolist()))
    return judged, people, places_of(len(truth), each=4), 3.0


def found(seed: int, **options: float) -> CorrectedMean:
    judged, people, places, _ = a_set(seed, **{"profiles": 80, "rated": 16, **options})  # type: ignore[arg-type]
    return corrected_mean(judged, people, places, SCALE)


def test_a_kind_judge_is_corrected_and_its_raw_mean_is_not_in_the_interval() -> None:
    mean = found(1, kindness=1.0)
    assert mean.raw == pytest.approx(4.0, abs=0.3)
    assert mean.low is not None and mean.high is not None and mean.value is not None
    assert mean.low < 3.0 < mean.high < mean.raw
    assert mean.shift == pytest.approx(1.0, abs=0.2)
    assert mean.is_too_high and not mean.is_too_low
    strict = found(1, kindness=-1.0)
    assert strict.is_too_low and not strict.is_too_high
    assert (mean.of, mean.n, mean.unit, mean.groups) == (320, 64, "profiles", 16)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rounds, hits, narrower, off = 400, 0, 0, 0
    for seed in range(rounds):
        judged, people, places, truth = a_set(seed, profiles=60, rated=15, kindness=0.8)
        mean = corrected_mean(judged, people, places, SCALE)
        alone = corrected_mean(dict.fromkeys(judged, 0.0), people, places, SCALE)
        assert mean.low is not None and mean.high is not None
        assert alone.low is not None and alone.high is not None
        hits += mean.low <= truth <= mean.high
        assert mean.off.low is not None and mean.off.high is not None
        off += mean.off.low <= 0.8 <= mean.off.high
        narrower += mean.high - mean.low < alone.high - alone.low
    # 95 % of 400 within three standard errors.
    assert 0.917 <= hits / rounds <= 0.983
    assert 0.917 <= off / rounds <= 0.983
    assert narrower / rounds > 0.9, "a judge that follows people narrows the interval"


def test_a_judge_that_follows_nobody_leaves_the_mean_of_people() -> None:
    judged, people, places, _ = a_set(3, profiles=60, rated=15, kindness=0)
    silent = corrected_mean(dict.fromkeys(judged, 2.0), people, places, SCALE)
    assert silent.weight == 0
    assert silent.value == pytest.approx(np.mean(list(people.values())))
    opposed = corrected_mean({key: -level for key, level in judged.items()}, people, places, SCALE)
    assert opposed.weight == 0, "a judge that contradicts people is not turned round"


def test_it_is_the_formula_of_its_source_where_no_two_replies_are_alike() -> None:
    """Angelopoulos, Duchi and Zrnic 2023, with one reply a profile: the variance of a mean of
    people, and of the judge's two means, with the weight that makes it least."""
    rng = np.random.default_rng(5)
    truth = rng.normal(3, 1, 200)
    judge = truth + rng.normal(0.5, 0.6, 200)
    mean = corrected_mean(
        dict(enumerate(judge.tolist())),
        dict(enumerate(truth[:50].tolist())),
        places_of(200),
        SCALE,
    )
    y, f, others = truth[:50], judge[:50], judge[50:]
    covariance = np.cov(y, f, ddof=0)[0, 1] / 50
    weight = covariance / (f.var() / 50 + others.var() / 150)
    assert mean.weight == pytest.approx(weight)
    assert mean.value == pytest.approx(y.mean() + weight * (others.mean() - f.mean()))
    variance = np.var(y - weight * f) / 50 + weight**2 * others.var() / 150
    assert mean.high is not None and mean.value is not None
    assert mean.high - mean.value == pytest.approx(2.0096 * np.sqrt(variance * 50 / 49), rel=1e-4)


def test_where_people_rated_everything_the_judge_adds_nothing() -> None:
    judged, _, places, _ = a_set(4, profiles=20, rated=20, kindness=1)
    people = {key: level - 1 for key, level in judged.items()}
    mean = corrected_mean(judged, people, places, SCALE)
    assert mean.value == pytest.approx(np.mean(list(people.values())))
    assert (mean.weight, mean.n) == (0, mean.of)


def test_too_few_ratings_give_no_number_but_say_so() -> None:
    judged, people, places, _ = a_set(5, profiles=20, rated=20, kindness=1)
    few = corrected_mean(judged, dict(list(people.items())[:9]), places, SCALE)
    assert few.value is None and few.raw == pytest.approx(np.mean(list(judged.values())))
    assert few.reason == "too few: people rated 9 of these, 10 are needed"
    of_four = corrected_mean(judged, dict(list(people.items())[:16]), places, SCALE)
    assert of_four.reason == "too few: what people rated is of 4 profiles, 5 are needed"
    assert (few.more_for_part(0.5), of_four.shift) == (None, None)
    with pytest.raises(ValueError, match="scored nothing"):
        corrected_mean({}, people, places, SCALE)


def test_how_many_more_ratings_an_interval_needs() -> None:
    """The number is checked by rating so many more."""
    now = found(6, kindness=0.5, profiles=2000, rated=20)
    assert now.low is not None and now.high is not None
    width = (now.high - now.low) / 2
    more = now.more_for_part(0.5)
    assert more is not None and more > now.n
    later = found(6, kindness=0.5, profiles=2000, rated=20 + more // 4)
    assert later.low is not None and later.high is not None
    assert later.high - later.low == pytest.approx(width, rel=0.35)


def test_more_ratings_than_the_set_has_texts_are_not_asked_for() -> None:
    assert found(6, kindness=0.5, profiles=20, rated=15).more_for_part(0.5) is None
    judged, people, places, _ = a_set(6, profiles=20, rated=20, kindness=0.5)
    assert corrected_mean(judged, people, places, SCALE).more_for_part(0.5) is None


def test_people_who_all_give_the_same_leave_no_interval() -> None:
    judged, people, places, _ = a_set(7, profiles=20, rated=10, kindness=0.5)
    mean = corrected_mean(judged, dict.fromkeys(people, 4.0), places, SCALE)
    assert (mean.value, mean.low, mean.high) == (4.0, None, None)
    assert mean.reason == "no interval: all profiles that people rated are alike"
    assert not mean.is_too_high and not mean.is_too_low


def test_a_gate_has_wilsons_interval_and_stays_on_its_scale() -> None:
    """Of 1,000 gates that 93 % pass, with twenty rated, the interval holds the truth in at least
    nine of ten: the one of a variance did in 69 of 100."""
    hits, places = 0, places_of(100)
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        truth = (rng.random(100) < 0.93).astype(float)
        judged = dict(enumerate(np.where(rng.random(100) < 0.1, 1 - truth, truth).tolist()))
        mean = corrected_mean(judged, dict(enumerate(truth[:20].tolist())), places, (0, 1))
        assert mean.low is not None and mean.high is not None
        assert 0 <= mean.low < mean.high <= 1
        hits += mean.low <= 0.93 <= mean.high
    assert hits >= 900


def test_an_interval_ends_where_the_scale_ends() -> None:
    judged, people, places, _ = a_set(8, profiles=20, rated=6, kindness=0, noise=2)
    high = {key: 5.0 - 0.2 * (key % 3 == 0) for key in people}  # type: ignore[operator]
    mean = corrected_mean(judged, high, places, SCALE)
    assert mean.high is not None and mean.high <= 5
