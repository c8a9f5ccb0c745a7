"""Whether a judge's levels mean what people's levels mean."""

import numpy as np
import pytest

from annotation.agreement.calibration import calibration, corrected_levels
from webapp.intervals import Clusters

LEVELS = (1, 2, 3, 4, 5)


def kind_judge(count: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """A judge that follows people but gives a level more, where the scale allows."""
    rng = np.random.default_rng(seed)
    people = rng.integers(1, 6, count).astype(float)
    return np.minimum(people + 1, 5.0).tolist(), people.tolist()


def alone(count: int) -> list[tuple[str, str]]:
    """The places of items of one profile each."""
    return [(f"profile {place}", f"dialogue {place}") for place in range(count)]


def test_each_step_says_what_people_gave_there() -> None:
    judge = [2.0] * 10 + [4.0] * 10
    people = [1.0] * 5 + [3.0] * 5 + [4.0] * 10
    found = calibration(judge, people, LEVELS, alone(20))
    assert found is not None
    assert [(step.level, step.n, step.judge, step.people) for step in found.steps] == [
        (2, 10, 2.0, 2.0),
        (4, 10, 4.0, 4.0),
    ]
    low, high = found.steps[0].bounds.low, found.steps[0].bounds.high
    assert low is not None and high is not None and 1 < low < 2 < high < 3
    assert found.error == 0, "the means are equal though single items differ"
    assert found.distance == 0.5


def test_a_judge_that_is_a_level_too_kind_is_a_level_wrong_and_can_be_corrected() -> None:
    judge, people = kind_judge(400)
    found = calibration(judge, people, LEVELS, alone(400))
    assert found is not None and found.corrected_error is not None
    too_kind = (np.array(people) < 5).mean()
    assert found.distance == pytest.approx(too_kind)
    assert found.error == pytest.approx(too_kind, abs=0.05)
    assert found.corrected_error < 0.1
    assert found.gain.low is not None and found.gain.low > 0.4
    assert found.helps


def test_levels_between_those_of_the_scale_count_to_the_nearest() -> None:
    judge = [1.2, 1.4, 3.6, 3.9, 4.2] * 4
    found = calibration(judge, [3.0] * 20, LEVELS, alone(20))
    assert found is not None
    assert [(step.level, step.n) for step in found.steps] == [(1, 8), (4, 12)]
    assert found.error == pytest.approx(0.4 * (3 - 1.3) + 0.6 * 0.9)


def test_no_item_is_corrected_by_its_own_profile() -> None:
    """The profiles of the first fold have the opposite sign: a curve that had seen them would
    give them their own level."""
    places = np.arange(50, dtype=np.int64)
    first = places % 5 == 0
    judge, people = np.full(50, 3.0), np.where(first, 5.0, 1.0)
    corrected = corrected_levels(judge, people, Clusters("profiles", places, 50))
    assert (corrected[first] == 1.0).all()
    assert (corrected[~first] > 1.0).all()


def test_noise_is_not_said_to_be_corrected() -> None:
    rng = np.random.default_rng(2)
    people = rng.integers(1, 6, 200).astype(float).tolist()
    found = calibration(people, people, LEVELS, alone(200))
    assert found is not None and found.corrected_distance is not None
    assert found.distance == 0 and found.corrected_distance >= 0
    assert found.gain.high is None or found.gain.high <= 0
    assert not found.helps


def test_a_correction_that_helps_everybody_alike_is_seen() -> None:
    """All gains are the same, so that a bootstrap has nothing to draw from."""
    people = [1.0, 2.0, 3.0, 4.0] * 10
    found = calibration([level + 1 for level in people], people, LEVELS, alone(40))
    assert found is not None
    assert (found.error, found.corrected_error) == (1.0, 0.0)
    assert found.gain.low is None and found.helps


def test_too_few() -> None:
    judge, people = kind_judge(9)
    assert calibration(judge, people, LEVELS, alone(9)) is None
    judge, people = kind_judge(40)
    of_nine = [(f"profile {place % 9}", f"dialogue {place}") for place in range(40)]
    found = calibration(judge, people, LEVELS, of_nine)
    assert found is not None and found.corrected_error is None
    assert found.reason == "too few: 9 profiles, 10 are needed"
