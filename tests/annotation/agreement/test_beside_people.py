"""Below each judge stands what people reach, each against the other people."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement import alternative, statistics, tables
from annotation.agreement.answers import PEOPLE
from annotation.agreement.figures import ComparedCriterion
from annotation.agreement.queries import VersionAgreement
from annotation.models import Rater
from annotation.ratings import services as ratings
from annotation.ratings.services import NewScore
from tests.conftest import Cast
from tests.support.adjudication import build_apart, settle
from tests.support.desk import Desk, build_desk
from tests.support.generation import endpoint
from tests.support.judge_runs import llm_judge
from tests.support.pages import html_of
from webapp.ui import percent

GIVEN = {"Ana": [1, 3, 5, 2], "Ben": [1, 4, 5, None], "Cem": [None, 3, 4, 5]}
BY_JUDGE = [1, 3, 5, 2]
# What the other people give to the same item, and the person: Ana, Ben and Cem. Where two other
# people differ, they give nothing.
OF_PEOPLE = [(1, 1), (5, 2), (1, 1), (3, 4), (5, 4), (2, 5)]
OF_JUDGE = [(1, 1), (5, 2), (1, 1), (3, 3), (5, 5), (2, 2)]
ABOUT_THE_TEST = "Could this judge stand in for a person?"


@pytest.fixture
def rated(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    at_desk = build_desk(cast, overlap=3)
    given = dict(zip(cast.annotators, GIVEN.values(), strict=True))
    at_desk.rate_first(
        {
            user: [None if level is None else {"empathy": level} for level in levels]
            for user, levels in given.items()
        }
    )
    return at_desk


@pytest.fixture
def judged(rated: Desk) -> Desk:
    _judge(rated, BY_JUDGE)
    return rated


def _judge(at_desk: Desk, levels: list[int]) -> Rater:
    cast = at_desk.cast
    judge = llm_judge(cast, endpoint(cast, "http://127.0.0.1:9/v1"))
    rater = ratings.rater_for_judge(judge=judge)
    for item, level in zip(at_desk.queue.items.order_by("position"), levels, strict=False):
        ratings.submit_rating(
            target=item.target,
            spec=at_desk.version.spec,  # type: ignore[arg-type]
            rater=rater,
            purpose="judge",
            scores=[NewScore("empathy", level)],
        )
    return rater


def _found(at_desk: Desk) -> VersionAgreement:
    return VersionAgreement(at_desk.cast.member(at_desk.cast.leads[0]), at_desk.version)


def _empathy(at_desk: Desk) -> ComparedCriterion:
    (compared,) = _found(at_desk).compared_with(PEOPLE)
    return compared.criteria[0]


def _page(client: Client, at_desk: Desk) -> str:
    client.force_login(at_desk.cast.leads[0])
    return html_of(client.get(reverse("agreement", args=[at_desk.cast.project.pk])))


def test_people_and_the_judge_are_compared_with_the_same(judged: Desk) -> None:
    beside = _empathy(judged).beside_people
    assert beside is not None
    assert (beside.people, beside.items, beside.of_people.alpha.n_pairable) == (3, 4, 6)
    for close, pairs in ((beside.of_people, OF_PEOPLE), (beside.of_rater, OF_JUDGE)):
        assert close.alpha.value == pytest.approx(statistics.alpha(pairs).value)
        assert close.kappa.value == pytest.approx(
            statistics.cohen_kappa_weighted(*zip(*pairs, strict=True), levels=range(1, 6)).value
        )
    assert beside.of_people.same.value == pytest.approx(2 / 6)
    assert beside.of_rater.same.value == pytest.approx(5 / 6)
    # Drawn like the judge's own figure: profiles, and not comparisons.
    assert (beside.of_people.alpha.unit, beside.of_people.alpha.groups) == ("profiles", 2)


def test_only_items_that_the_judge_rated_count(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    at_desk = build_apart(cast)
    _judge(at_desk, [1, 3])
    beside = _empathy(at_desk).beside_people
    assert beside is not None
    assert (beside.items, beside.of_people.same.n_pairable) == (2, 4)
    # 1 and 4, each against the other, and 3 and 3.
    assert beside.of_people.same.value == 0.5


def test_comparisons_of_one_item_are_no_more_items(
    judged: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIN_ITEMS", 5)
    beside = _empathy(judged).beside_people
    assert beside is not None
    for close in (beside.of_people, beside.of_rater):
        assert close.alpha.value is close.kappa.value is close.same.value is None
        assert close.alpha.why_none == "too few: 4 of at least 5 items"


def test_settled_levels_do_not_count_beside_people(cast: Cast) -> None:
    """Items are settled where people are apart, so it would depend on the person's own level."""
    at_desk = build_apart(cast)
    settle(at_desk, cast.clinicians[0])
    found = _found(at_desk)
    first = at_desk.queue.items.values_list("target_id", flat=True)[0]
    rows = found.beside_people(found.criteria[0])
    assert len(rows) == 8
    # Ana and Ben gave 1 and 4 to the first item, which is settled at 2.
    assert found.column(found.criteria[0], PEOPLE)[first] == 2
    assert {(row.in_common, row.level) for row in rows if row.target == first} == {(4, 1), (1, 4)}


def test_those_who_are_compared_are_counted(rated: Desk) -> None:
    # Cem did not rate the only item that the judge did.
    _judge(rated, [1])
    beside = _empathy(rated).beside_people
    assert beside is not None and (beside.people, beside.items) == (2, 1)


def test_one_person_has_no_other_people(at_desk: Desk) -> None:
    at_desk.rate(at_desk.cast.annotators[0])
    _judge(at_desk, [1])
    assert _empathy(at_desk).beside_people is None


def test_only_the_reference_of_people_says_what_people_reach(judged: Desk) -> None:
    survey = ratings.external_rater(project=judged.cast.project, label="Survey")
    ratings.submit_rating(
        target=judged.queue.items.order_by("position")[0].target,
        spec=judged.version.spec,  # type: ignore[arg-type]
        rater=survey,
        purpose="import",
        scores=[NewScore("empathy", 3)],
    )
    for compared in _found(judged).compared_with(str(survey.pk)):
        assert all(row.beside_people is None and row.stand_in is None for row in compared.criteria)
    by_name = {row.rater.name: row for row in _found(judged).compared_with(PEOPLE)}
    # Nobody asks whether a source could replace a person.
    assert not by_name["Survey"].is_tested
    assert by_name["Survey"].criteria[0].beside_people is not None


def test_the_page_shows_people_below_the_judge(judged: Desk, client: Client) -> None:
    text = _page(client, judged)
    # The judge gave the other criteria no levels.
    assert text.count("People, each against the other people") == 1
    assert "against the same people" in text
    assert "6 comparisons" in text
    # Three people, but not enough items of each.
    assert ABOUT_THE_TEST in text
    assert "Queues need an overlap of 3 or more for it." in text
    assert "This can’t be tested yet. At least 3 people must each have rated 30 items" in text


def test_the_page_says_whether_the_judge_could_stand_in(
    judged: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All three rated the second and the third item.
    monkeypatch.setattr(alternative, "MIN_SHARED", 2)
    monkeypatch.setattr(alternative, "MIN_CLUSTERS", 2)
    test = _empathy(judged).stand_in
    assert test is not None and not test.reason
    assert [person.items for person in test.people] == [2, 2, 2]
    # It gives 3 and 5; the people 3, 4, 3 and 5, 5, 4: nobody is closer to the other people.
    assert [person.advantage for person in test.people] == [1, 1, 1]
    text = _page(client, judged)
    assert f"{test.wins} of 3" in text and "can’t be tested" not in text
    # Ben's level of the one item and Cem's of the other are further away than the judge's.
    assert [person.of_person for person in test.people] == [1, 0.5, 0.5]
    assert f"Judge {percent(1)}, person {percent(2 / 3)}" in text
    assert "whose time is costly" in text
    # Each criterion has its own reason: the other ones have no levels of this judge.
    assert text.count("Not tested. At least 3 people") == 2
    url = reverse("api_agreement_retrieve", args=[judged.cast.project.pk, judged.version.pk])
    row = client.get(url).json()["others"][0]["criteria"][0]
    assert row["stand_in"]["people"] == 3
    assert row["stand_in"]["advantage"] == test.advantage
    assert row["stand_in"]["advantage_of_people"] == test.advantage_of_people
    assert (
        row["beside_people"]["items"],
        row["beside_people"]["of_people"]["same"]["n_pairable"],
    ) == (4, 6)


def test_each_criterion_says_why_it_is_not_tested(judged: Desk) -> None:
    (compared,) = _found(judged).compared_with(PEOPLE)
    assert compared.why_untested.startswith("At least 3 people")
    first, *rest = compared.criteria
    assert first.stand_in is not None
    other = replace(first, stand_in=replace(first.stand_in, reason="Another reason."))
    assert replace(compared, criteria=[other, *rest]).why_untested == ""
