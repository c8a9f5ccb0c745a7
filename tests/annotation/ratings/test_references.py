"""The level that others are compared with: adjudicated, or what people agree on, or none."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from annotation.ratings.references import References, references_of

ITEM = UUID(int=1)
NOTHING: Mapping[UUID, float | None] = {}


def _of(*answers: float | None, settled: Mapping[UUID, float | None] = NOTHING) -> References:
    return references_of({ITEM: answers}, settled)


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ([3], 3),
        ([3, 3], 3),
        ([3, 3, 3, 3], 3),
        ([1, 5, 4], 4),
        ([5, 1, 1, 2, 4], 2),
        ([3, 3, 3, 4], 3),
        ([1, 2, 2, 3], 2),
    ],
)
def test_people_have_a_reference_if_their_median_is_one_level(
    answers: Sequence[float | None], level: float
) -> None:
    assert _of(*answers) == References({ITEM: level})


@pytest.mark.parametrize("answers", [[3, 4], [1, 2, 3, 4], [2, 2, 3, 3]])
def test_people_whose_two_middle_levels_differ_have_none(answers: Sequence[float | None]) -> None:
    assert _of(*answers) == References({}, undecided=frozenset({ITEM}))


@pytest.mark.parametrize("answers", [[None, 4], [0, None], [None, None, 5], [None, 2, 2]])
def test_does_not_apply_beside_a_level_is_no_reference_until_it_is_settled(
    answers: Sequence[float | None],
) -> None:
    item = frozenset({ITEM})
    assert _of(*answers) == References({}, undecided=item, mixed=item)
    assert _of(*answers, settled={ITEM: 4}) == References({ITEM: 4})


def test_a_third_person_is_not_lenient_beside_two_who_differ() -> None:
    """The lower of two levels is below what two people mean: by half a level here."""
    given = {UUID(int=n): (3, 3 + n % 2) for n in range(10)}
    levels = references_of(given, {}).levels
    assert set(levels.values()) == {3} and len(levels) == 5


def test_the_settled_level_comes_first() -> None:
    assert _of(3, 4, settled={ITEM: 5}) == References({ITEM: 5})
    assert _of(3, 3, settled={ITEM: 2}) == References({ITEM: 2})
    # Nobody rated it by this version: it carried over.
    assert references_of({}, {ITEM: 2}) == References({ITEM: 2})


def test_a_settled_item_without_a_level_is_not_undecided() -> None:
    """The difference is legitimate, or the criterion does not apply: nobody has to settle it."""
    assert _of(3, 4, settled={ITEM: None}) == References({})
    assert _of(None, None, settled={ITEM: None}) == References({})


def test_the_criterion_does_not_apply_if_all_say_so() -> None:
    assert _of(None, None) == References({}, not_applicable=frozenset({ITEM}))
    assert references_of({}, {}) == References({})
