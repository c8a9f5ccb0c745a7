"""The page of agreement and its figures."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.agreement import statistics as agreement
from annotation.agreement import tables
from annotation.agreement.answers import PEOPLE
from annotation.agreement.chance_corrected import ac2
from annotation.agreement.charts import Figure, interval_chart
from annotation.agreement.queries import VersionAgreement
from annotation.desk import services as desk
from annotation.models import Rater
from annotation.ratings import services as ratings
from annotation.ratings.services import NewScore
from annotation.ratings.targets import targets_for
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.pages import html_of
from webapp.accounts.models import User

# What three people give to the first four items; None where they have not come to it.
GIVEN = {"Ana": [1, 3, 5, 2], "Ben": [1, 4, 5, None], "Cem": [None, 3, 4, 5]}


@pytest.fixture
def rated(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Four items, few enough to check by hand, and yet figures."""
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    at_desk = build_desk(cast, overlap=3)
    given = dict(zip(cast.annotators, GIVEN.values(), strict=True))
    at_desk.rate_first(
        {
            user: [None if level is None else {"empathy": level} for level in levels]
            for user, levels in given.items()
        }
    )
    for user, levels in given.items():
        if None in levels:
            desk.skip(assignment=at_desk.claim(user), actor=user)
    return at_desk


def _other(at_desk: Desk, rater: Rater, purpose: str, levels: list[int]) -> None:
    for item, level in zip(at_desk.queue.items.order_by("position"), levels, strict=False):
        ratings.submit_rating(
            target=item.target,
            spec=at_desk.version.spec,  # type: ignore[arg-type]
            rater=rater,
            purpose=purpose,
            scores=[NewScore("empathy", level)],
        )


def _found(at_desk: Desk, user: User | None = None) -> VersionAgreement:
    member = at_desk.cast.member(user or at_desk.cast.leads[0])
    return VersionAgreement(member, at_desk.version)


def _page(client: Client, at_desk: Desk, user: User, **query: Any) -> str:
    client.force_login(user)
    url = reverse("agreement", args=[at_desk.cast.project.pk])
    return html_of(client.get(url, query))


def test_raters_without_a_common_item_have_a_sentence_and_no_table(
    rated: Desk, client: Client
) -> None:
    author = ratings.author_rater(project=rated.cast.project, label="Author A")
    sentence = "Author A and the reference of people have no rated item in common"
    [other] = added(rated.cast.project, parsed(77))
    turn = supporter_turns(other)[0]
    targets = targets_for(project=rated.cast.project, turns=[turn.pk])
    ratings.submit_rating(
        target=targets[0],
        spec=rated.version.spec,  # type: ignore[arg-type]
        rater=author,
        purpose="import",
        scores=[NewScore("empathy", 3)],
    )
    page = _page(client, rated, rated.cast.leads[0])
    assert sentence in page and "Agreement of Author A" not in page
    _other(rated, author, "import", [1, 3])
    page = _page(client, rated, rated.cast.leads[0])
    assert sentence not in page and "Agreement of Author A" in page


def test_people_among_themselves(rated: Desk) -> None:
    empathy, asks, safe = _found(rated).among_people()
    table = list(zip(*GIVEN.values(), strict=True))
    assert empathy.alpha.value == pytest.approx(agreement.alpha(table).value)
    assert (empathy.raters, empathy.alpha.n, empathy.alpha.n_pairable) == (3, 4, 4)
    assert empathy.same.value == pytest.approx((1 + 1 / 3 + 1 / 3 + 0) / 4)
    # Everybody gave 0, and nobody gave a level where it did not apply.
    assert asks.alpha.reason == "no variation: every rating is 0"
    assert (safe.raters, safe.alpha.reason) == (0, "no ratings")


def test_other_kinds_of_rater_stand_apart(rated: Desk) -> None:
    project = rated.cast.project
    survey = ratings.external_rater(project=project, label="Survey")
    made = ratings.construction_rater(project=project, label="Grammar")
    _other(rated, survey, "import", [1, 4, 5, 2, 2])
    _other(rated, made, "construction", [5, 1, 1, 1, 1])
    found = _found(rated)
    assert [rater.name for rater in found.people] == ["Ana Annotator", "Ben Annotator", "Cem Rater"]
    assert [rater.name for rater in found.others] == ["Survey", "Grammar, synthetic"]
    # The same as without them.
    assert found.among_people()[0].alpha.n == 4
    survey_row = found.compared_with(PEOPLE)[0].criteria[0]
    # Of the fourth item, people gave 2 and 5: nobody knows which is right.
    pairs = [[1, 1], [3, 4], [5, 5], [None, 2]]
    assert survey_row.alpha.value == pytest.approx(agreement.alpha(pairs).value)
    assert (survey_row.alpha.n_pairable, survey_row.same.value) == (3, pytest.approx(2 / 3))
    assert survey_row.kappa.value is not None
    # Others can be compared with the raters of the source as well.
    assert [each.name for each in found.references()] == ["Reference of people", "Survey"]
    against = found.compared_with(str(survey.pk))
    assert [row.rater.name for row in against] == ["Grammar, synthetic"]


def test_the_page_counts_references_and_asks_for_an_adjudicator(
    rated: Desk, client: Client
) -> None:
    empathy, asks, safe = _found(rated).reference_counts()
    assert (empathy.items, empathy.undecided) == (3, 1)
    assert (asks.items, asks.undecided, safe.items, safe.undecided) == (4, 0, 0, 0)
    text = _page(client, rated, rated.cast.leads[0])
    assert "1 level has no reference because people differ" in text
    assert f'href="{reverse("adjudication", args=[rated.cast.project.pk])}">adjudicate it<' in text
    assert "or wait for the ratings that are still to come" in text
    url = reverse("api_agreement_retrieve", args=[rated.cast.project.pk, rated.version.pk])
    of_empathy = client.get(url).json()["references_of_people"][0]
    assert (of_empathy["items"], of_empathy["undecided"]) == (3, 1)


def test_people_who_differ_in_the_level_agree_that_the_criterion_applies(rated: Desk) -> None:
    survey = ratings.external_rater(project=rated.cast.project, label="Survey")
    _other(rated, survey, "import", [1, 3, 5, 2])
    (row,) = _found(rated).compared_with(PEOPLE)
    assert row.criteria[0].applies.share.n_pairable == 4


def test_one_rater_is_no_agreement(at_desk: Desk, client: Client) -> None:
    at_desk.rate(at_desk.cast.annotators[0])
    at_desk.rate(at_desk.cast.annotators[0])
    text = _page(client, at_desk, at_desk.cast.leads[0])
    assert "Agreement among people is undefined: one rater." in text
    assert "undefined: one rater" in text


def test_too_few_items_have_no_figure(cast: Cast, client: Client) -> None:
    at_desk = build_desk(cast, overlap=2)
    for user in cast.annotators[:2]:
        at_desk.rate(user, empathy=2)
        at_desk.rate(user, empathy=4)
    lead = cast.leads[0]
    text = _page(client, at_desk, lead)
    assert "People rated too few of the same items: alpha needs at least 10." in text
    assert "too few: 2 of at least 10 items" in text
    url = reverse("api_agreement_retrieve", args=[cast.project.pk, at_desk.version.pk])
    alpha = client.get(url).json()["people"][0]["alpha"]
    assert alpha["value"] is None and alpha["reason"] == "too few: 2 of at least 10 items"


def test_each_figure_says_what_is_drawn(rated: Desk, client: Client) -> None:
    """The items are of two dialogues of one profile or of two."""
    alpha = _found(rated).among_people()[0].alpha
    assert (alpha.unit, alpha.groups) == ("profiles", 2)
    assert "2 profiles" in _page(client, rated, rated.cast.leads[0])
    url = reverse("api_agreement_retrieve", args=[rated.cast.project.pk, rated.version.pk])
    found = client.get(url).json()["people"][0]["alpha"]
    assert (found["unit"], found["groups"]) == ("profiles", 2)


def test_imported_ratings_alone_are_no_people(at_desk: Desk, client: Client) -> None:
    survey = ratings.external_rater(project=at_desk.cast.project, label="Survey")
    _other(at_desk, survey, "import", [1, 2])
    text = _page(client, at_desk, at_desk.cast.leads[0])
    assert "Nobody in this project has rated with this version yet" in text


def test_two_authors_are_compared_and_are_no_people(
    at_desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    project = at_desk.cast.project
    first, second = (ratings.author_rater(project=project, label=f"Author {x}") for x in "AB")
    _other(at_desk, first, "import", [1, 4, 5, 2])
    _other(at_desk, second, "import", [2, 4, 5, 2])
    found = _found(at_desk)
    assert found.people == [] and found.reference_counts() == []
    assert [each.name for each in found.references()] == ["Author A", "Author B"]
    (beside,) = found.compared_with(str(first.pk))
    assert beside.rater.name == "Author B"
    assert beside.criteria[0].same.value == 0.75
    text = _page(client, at_desk, at_desk.cast.leads[0])
    assert "Nobody in this project has rated with this version yet" in text
    assert "Compared with: Author A" in text


def test_a_withdrawn_rating_does_not_count_and_a_second_pass_stands_for_the_first(
    rated: Desk,
) -> None:
    ana = rated.cast.annotators[0]
    second = rated.another_queue(ana, limit=1)
    desk.submit(
        assignment=rated.claim(ana, second),
        draft={"scores": {"empathy": 5, "asks": 0, "safe": 1}},
    )
    found = _found(rated)
    key = next(rater.key for rater in found.people if rater.name == "Ana Annotator")
    other = next(rater.key for rater in found.people if rater.name == "Ben Annotator")
    assert found.matrix(found.criteria[0], key, other).cells[4][1][0][0] == 1
    last = rated.rate(ana, empathy=1)
    assert _found(rated).rated_targets == 5
    desk.undo(assignment=last, actor=ana)
    assert _found(rated).rated_targets == 4


def test_the_matrix_of_two_raters(rated: Desk) -> None:
    found = _found(rated)
    ana, ben = (rater.key for rater in found.people[:2])
    matrix = found.matrix(found.criteria[0], ana, ben)
    counts = {(row, place + 1): count for row, cells in matrix.cells
              for place, (count, _) in enumerate(cells) if count}  # fmt: skip
    assert counts == {(1, 1): 1, (3, 4): 1, (5, 5): 1}
    assert (matrix.n, matrix.same, matrix.near) == (3, pytest.approx(2 / 3), 1)


def test_ac2_and_icc_stand_beside_alpha(rated: Desk, client: Client) -> None:
    empathy = _found(rated).among_people()[0]
    table = list(zip(*GIVEN.values(), strict=True))
    assert empathy.ac2.value == pytest.approx(ac2(table, [1, 2, 3, 4, 5]).value)
    # Ana and Ben share three items, Cem two with each.
    assert (empathy.icc.raters, empathy.icc.single.n) == (3, 2)
    lead = rated.cast.leads[0]
    text = _page(client, rated, lead)
    assert "alpha can be low although people mostly agree" in text
    url = reverse("api_agreement_retrieve", args=[rated.cast.project.pk, rated.version.pk])
    found = client.get(url).json()["people"][0]
    assert found["ac2"]["value"] == pytest.approx(empathy.ac2.value)
    assert found["icc"]["single"]["value"] == pytest.approx(empathy.icc.single.value)
    assert found["icc"]["raters"] == 3


def test_what_is_furthest_apart_comes_first(rated: Desk) -> None:
    rows = _found(rated).most_apart()
    assert [(row.title, row.apart) for row in rows] == [
        ("Dialogue 2, turn 4", 3),
        ("Dialogue 1, turn 4", 1),
        ("Dialogue 2, turn 2", 1),
    ]


def test_the_page(rated: Desk, client: Client) -> None:
    text = _page(client, rated, rated.cast.leads[0])
    assert "On Empathy, people agree with alpha" in text
    assert "3 annotators" in text
    assert "Ana Annotator" in text
    assert "<svg" in text and " style=" not in text
    assert "no interval: fewer than 5" in text
    # Another criterion and other raters.
    found = _found(rated)
    query = {
        "version": rated.version.pk,
        "criterion": "asks",
        "rows": PEOPLE,
        "columns": found.people[2].key,
    }
    text = _page(client, rated, rated.cast.leads[0], **query)
    assert "Asking: level given by Reference of people in rows, by Cem Rater in columns" in text
    nonsense = {"version": rated.version.pk, "criterion": "x", "rows": "x", "columns": "x"}
    assert "Two raters" in _page(client, rated, rated.cast.leads[0], **nonsense)


def test_a_clinician_reads_no_names(rated: Desk, client: Client) -> None:
    text = _page(client, rated, rated.cast.clinicians[0])
    assert "Rater A" in text
    assert "Ana Annotator" not in text


def test_empty_pages_say_what_would_fill_them(at_desk: Desk, client: Client) -> None:
    lead = at_desk.cast.leads[0]
    assert "Nobody has rated yet" in _page(client, at_desk, lead)
    url = reverse("agreement", args=[at_desk.cast.project.pk])
    assert client.get(url, {"version": "nonsense"}).status_code == 404
    at_desk.rate(at_desk.cast.annotators[0])
    unknown = "00000000-0000-0000-0000-000000000000"
    assert "Nobody has rated with this version" in _page(client, at_desk, lead, version=unknown)


def test_more_ratings_cost_no_more_queries(
    rated: Desk, client: Client, django_assert_num_queries: Any
) -> None:
    lead = rated.cast.leads[0]
    _page(client, rated, lead)
    url = reverse("agreement", args=[rated.cast.project.pk])
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for user in rated.cast.annotators:
        rated.rate(user, empathy=3)
        rated.rate(user, empathy=4)
    with django_assert_num_queries(len(few)):
        client.get(url)


def test_a_chart_holds_negative_values_and_none() -> None:
    low = Figure("A", "human", -0.35, -0.9, 0.2, "")
    none = Figure("B", "judge", None, None, None, "one rater")
    chart = interval_chart([("Empathy", [low, none])])
    assert chart is not None
    assert chart.ticks[0][0] == -1.0 and chart.ticks[-1] == (1.0, chart.right)
    first, second = chart.rows[0].marks
    assert chart.left <= first.low < first.x < first.high < chart.right  # type: ignore[operator]
    assert second.x is None
    assert interval_chart([("Empathy", [none])]) is None
