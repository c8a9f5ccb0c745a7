"""Numbers as files and models write them, and as people read them."""

import math

import pytest

from rubrics.core.numbers import plain, whole


@pytest.mark.parametrize(
    ("value", "number"),
    [(2, 2), (2.0, 2), (-1.0, -1), (2.5, None), (True, None), ("2", None), (None, None)],
)
def test_two_and_nothing_is_two(value, number) -> None:
    assert whole(value) == number


def test_what_is_not_finite_is_no_whole_number() -> None:
    assert whole(math.inf) is None and whole(math.nan) is None


def test_people_read_a_true_minus() -> None:
    assert [plain(-1), plain(0.5), plain(None), plain(None, none="None")] == [
        "−1", "0.5", "", "None",
    ]  # fmt: skip
