"""What pages, API and exports say of raters who give lower levels, and of items that raters differ
on."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from annotation.agreement import tables
from annotation.agreement.figures import CriterionSeverity, DisplayedRater
from annotation.agreement.queries import VersionAgreement
from annotation.agreement.severity import RaterEffect
from rubrics.core.spec import CriterionSpec
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.exports import rows_for
from tests.support.pages import html_of
from webapp import intervals
from webapp.ui import percent

# Ben gives a level less than Ana wherever he can.
GIVEN = {"Ana": [2, 3, 5, 2, 4, 5], "Ben": [1, 2, 4, 1, 3, 4], "Cem": [2, None, 5, None, 4, None]}


@pytest.fixture
def rated(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    monkeypatch.setattr(intervals, "MIN_GROUPS", 2)
    at_desk = build_desk(cast, overlap=3)
    at_desk.rate_first(
        {
            user: [None if level is None else {"empathy": level} for level in levels]
            for user, levels in zip(cast.annotators, GIVEN.values(), strict=True)
        }
    )
    return at_desk


def page_of(client: Client, at_desk: Desk, *, clinician: bool = False) -> str:
    cast = at_desk.cast
    client.force_login(cast.clinicians[0] if clinician else cast.leads[0])
    return html_of(client.get(reverse("agreement", args=[cast.project.pk])))


def test_whoever_gives_less_to_the_same_items_is_below_the_others(rated: Desk) -> None:
    found = VersionAgreement(rated.cast.member(rated.cast.leads[0]), rated.version)
    empathy, asks, safe = found.severity()
    effects = {rater.name: row.effect for rater, row in empathy.raters}
    assert effects == {
        "Ana Annotator": pytest.approx(1 / 3),
        "Ben Annotator": pytest.approx(-2 / 3),
        "Cem Rater": pytest.approx(1 / 3),
    }
    assert (empathy.items, empathy.unit) == (6, "profiles")
    assert {row.effect for _, row in asks.raters} == {0}
    # Nobody gave it a level.
    assert (safe.raters, safe.reason) == ([], "no item was rated twice")


def test_page_and_api_show_it_under_the_names_of_the_page(rated: Desk, client: Client) -> None:
    text = page_of(client, rated)
    assert "Who gives higher or lower levels" in text and "−0.67" in text
    assert "no interval: all profiles are alike" in text
    seen = page_of(client, rated, clinician=True)
    assert "−0.67" in seen and "Ben Annotator" not in seen
    url = reverse("api_agreement_retrieve", args=[rated.cast.project.pk, rated.version.pk])
    first = client.get(url).json()["severity"][0]
    assert first["criterion"]["uid"] == "empathy" and first["items"] == 6
    row = next(row for row in first["raters"] if row["rater"]["name"] == "Rater B")
    assert (row["effect"], row["ratings"]) == (pytest.approx(-2 / 3), 6)


def test_the_words_hold_where_high_levels_count_against_a_reply() -> None:
    harm = CriterionSpec("harm", "m-harm", "Does harm", scale="points", points=-3)
    middles = {"Ana": -0.4, "Ben": 0.4, "Cem": 0.0}
    raters = [
        (DisplayedRater(name, "person", name), RaterEffect(place, 20, at, at - 0.1, at + 0.1))
        for place, (name, at) in enumerate(middles.items())
    ]
    few = (DisplayedRater("Dia", "person", "Dia"), RaterEffect(3, 2, None, None, None, "too few"))
    row = CriterionSeverity(harm, [*raters, few], 20, "profiles", 7, "")
    text = " ".join(render_to_string("agreement/_severity.html", {"severity": [row]}).split())
    assert text.index("Ana") < text.index("Gives lower levels than the others") < text.index("Ben")
    assert text.index("Ben") < text.index("Gives higher levels than the others") < text.index("Cem")
    assert "More severe" not in text and "lenient" not in text.lower()
    # Nothing is drawn for who is not compared.
    assert text.count("7 profiles") == 3


def test_an_export_has_it_by_pseudonym(rated: Desk) -> None:
    rows = rows_for(rated.cast, rated.cast.leads[0], "agreement", version=str(rated.version.pk))
    found = {
        row["rater"]: row
        for _, row in rows
        if (row["statistic"], row["criterion_uid"]) == ("severity", "empathy")
    }
    assert {name: row["value"] for name, row in found.items()} == {
        "Rater A": pytest.approx(1 / 3),
        "Rater B": pytest.approx(-2 / 3),
        "Rater C": pytest.approx(1 / 3),
    }
    assert (found["Rater C"]["n"], found["Rater C"]["items"]) == (3, 6)


def test_one_person_is_compared_with_nobody(at_desk: Desk, client: Client) -> None:
    at_desk.rate(at_desk.cast.annotators[0])
    assert "Who gives higher or lower levels" not in page_of(client, at_desk)


def test_the_row_of_an_item_says_how_its_levels_are_spread(rated: Desk, client: Client) -> None:
    found = VersionAgreement(rated.cast.member(rated.cast.leads[0]), rated.version)
    shares = {
        tuple((each.level, each.raters) for each in row.of_people.shares)
        for row in found.most_apart()
    }
    assert ((1, 1), (2, 2)) in shares and ((2, 1), (3, 1)) in shares
    text = page_of(client, rated)
    assert f"1: {percent(1 / 3)}, 2: {percent(2 / 3)}" in text
    address = f"{reverse('export_new', args=[rated.cast.project.pk])}?table=levels_by_item"
    assert address in text
