"""“Does not apply” against a level: counted, listed, and in the matrix of two raters."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement import tables
from annotation.agreement.answers import PEOPLE
from annotation.desk import services as desk
from annotation.ratings import services as ratings
from tests.annotation.agreement.test_pages import _found, _other, _page
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk

# What three people give to the first four items; None where they have not come to it.
GIVEN = {"Ana": [1, 3, 5, 2], "Ben": [1, 4, 5, None], "Cem": [None, 3, 4, 5]}


@pytest.fixture
def unsure(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Ana and Ben on four items: two have "does not apply" by one and a level by the other."""
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    at_desk = build_desk(cast)
    ana, ben = cast.annotators[:2]
    at_desk.rate_first(
        {
            ana: [{"empathy": level} for level in ("na", 4, 2, "na")],
            ben: [{"empathy": level} for level in (4, "na", 3, "na")],
        }
    )
    return at_desk


def test_does_not_apply_against_a_level_is_counted(unsure: Desk, client: Client) -> None:
    empathy, asks, safe = _found(unsure).among_people()
    assert (empathy.applies.items, empathy.applies.share.value) == (2, 0.5)
    assert (empathy.applies.share.n_pairable, empathy.applies.share.unit) == (4, "profiles")
    # Two who say the same of it agree.
    assert (asks.applies.items, safe.applies.items, safe.applies.share.value) == (0, 0, 0)
    # Alpha is of levels only: one item has two.
    assert (empathy.alpha.n, empathy.alpha.n_pairable, safe.raters) == (3, 1, 0)
    lead = unsure.cast.leads[0]
    text = _page(client, unsure, lead)
    assert "2 of 4" in text and "compare levels only" in text
    url = reverse("api_agreement_retrieve", args=[unsure.cast.project.pk, unsure.version.pk])
    found = client.get(url).json()["people"][0]["applies"]
    assert (found["items"], found["share"]["value"]) == (2, 0.5)


def test_does_not_apply_against_a_level_is_a_large_difference(unsure: Desk, client: Client) -> None:
    rows = _found(unsure).most_apart()
    # As far as the ends of the scale; two of "does not apply" are no difference.
    assert [(row.apart, row.against) for row in rows] == [(4, [4]), (4, [4]), (1, [])]
    assert {value for value, _ in rows[0].people} == {None, 4}
    text = _page(client, unsure, unsure.cast.leads[0])
    assert text.count("Does not apply against 4") == 2
    # A model that proposes clearer levels reads levels.
    assert [row.apart for row in _found(unsure).most_apart(levels_only=True)] == [1]


def test_the_matrix_has_does_not_apply_where_somebody_said_so(unsure: Desk, client: Client) -> None:
    found = _found(unsure)
    ana, ben = (rater.key for rater in found.people)
    matrix = found.matrix(found.criteria[0], ana, ben)
    assert list(matrix.answers) == [1, 2, 3, 4, 5, None]
    counts = {
        (row, column): count
        for row, cells in matrix.cells
        for column, (count, _) in zip(matrix.answers, cells, strict=True)
        if count
    }
    assert counts == {(None, 4): 1, (4, None): 1, (2, 3): 1, (None, None): 1}
    assert (matrix.n, matrix.same, matrix.near) == (1, 0, 1)
    assert (matrix.mixed, matrix.answered) == (2, 4)
    assert list(found.matrix(found.criteria[1], ana, ben).answers) == [0, 1, 2]
    page = _page(client, unsure, unsure.cast.leads[0])
    assert '<th scope="col">Does not apply</th>' in page


def test_people_together_say_does_not_apply_only_if_all_do(unsure: Desk) -> None:
    survey = ratings.external_rater(project=unsure.cast.project, label="Survey")
    _other(unsure, survey, "import", [5, 5, 5, 5])
    (beside,) = _found(unsure).compared_with(PEOPLE)
    # Of the first two, only one of them gave a level: people together say neither.
    applies = beside.criteria[0].applies
    assert (applies.items, applies.share.n_pairable) == (1, 2)
    # Of the third item, people gave 2 and 3: it applies, but there is no reference.
    assert beside.criteria[0].alpha.n_pairable == 0
    assert _found(unsure).reference_counts()[0].undecided == 3


def test_a_later_pass_may_take_a_level_back(unsure: Desk) -> None:
    ben = unsure.cast.annotators[1]
    second = unsure.another_queue(ben, limit=3)
    for level in (4, "na", "na"):
        desk.submit(
            assignment=unsure.claim(ben, second),
            draft={"scores": {"empathy": level, "asks": 0, "safe": 1}},
        )
    empathy = _found(unsure).among_people()[0]
    assert (empathy.alpha.n_pairable, empathy.applies.items) == (0, 3)
