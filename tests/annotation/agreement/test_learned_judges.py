"""A learned judge is compared with nobody on what its fit learned from."""

import json
from collections.abc import Collection
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.agreement import alternative, statistics, tables
from annotation.agreement.answers import PEOPLE
from annotation.agreement.figures import Compared
from annotation.agreement.queries import VersionAgreement
from annotation.exports import registry
from annotation.exports.services import select
from annotation.models import Item, Target
from annotation.ratings import services as ratings
from annotation.ratings.services import NewScore
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.generation import endpoint
from tests.support.judge_runs import judge_of_sources, llm_judge
from tests.support.pages import html_of

OF_ANA, OF_BEN, OF_JUDGE = [1, 3, 5, 2, 4, 2], [1, 3, 5, 2, 4, 3], [5, 3, 5, 1, 4, 1]


@pytest.fixture
def rated(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Six items of three people."""
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    at_desk = build_desk(cast)
    at_desk.rate_first(
        {
            cast.annotators[0]: [{"empathy": level} for level in OF_ANA],
            cast.annotators[1]: [{"empathy": level} for level in OF_BEN],
        }
    )
    return at_desk


def items(at_desk: Desk) -> list[Item]:
    return list(at_desk.queue.items.select_related("target__turn__dialogue").order_by("position"))


def judged_by(at_desk: Desk, judge: Judge) -> None:
    for item, level in zip(items(at_desk), OF_JUDGE, strict=True):
        ratings.submit_rating(
            target=item.target,
            spec=at_desk.version.spec,  # type: ignore[arg-type]
            rater=ratings.rater_for_judge(judge=judge),
            purpose="judge",
            scores=[NewScore("empathy", level)],
        )


def learned(at_desk: Desk, sources: Collection[Target] | None, name: str = "Learned") -> Judge:
    judge = judge_of_sources(at_desk.cast, at_desk.version, sources, name=name)
    judged_by(at_desk, judge)
    return judge


def found_in(at_desk: Desk) -> VersionAgreement:
    return VersionAgreement(at_desk.cast.member(at_desk.cast.leads[0]), at_desk.version)


def compared_in(at_desk: Desk) -> Compared:
    (compared,) = found_in(at_desk).compared_with(PEOPLE)
    return compared


def page_of(client: Client, at_desk: Desk) -> str:
    client.force_login(at_desk.cast.leads[0])
    return html_of(client.get(reverse("agreement", args=[at_desk.cast.project.pk])))


def places_of_others(at_desk: Desk, source: Item) -> list[int]:
    """The items of other dialogues than this one's, by their place."""
    return [
        place
        for place, item in enumerate(items(at_desk))
        if item.target.turn.dialogue_id != source.target.turn.dialogue_id  # type: ignore[union-attr]
    ]


def test_only_items_that_it_does_not_know_count(rated: Desk, client: Client) -> None:
    source = items(rated)[0]
    learned(rated, [source.target])
    fresh = places_of_others(rated, source)
    assert len(fresh) == 4
    compared = compared_in(rated)
    empathy = compared.criteria[0]
    # People differ on the last item, so it has no reference.
    pairs = [(OF_ANA[place], OF_JUDGE[place]) for place in fresh if OF_ANA[place] == OF_BEN[place]]
    assert empathy.alpha.n_pairable == len(pairs) == compared.items
    assert empathy.alpha.value == pytest.approx(statistics.alpha(pairs).value)
    assert empathy.same.value == pytest.approx(statistics.percent(pairs).value)
    known = [place for place in range(6) if place not in fresh and OF_ANA[place] == OF_BEN[place]]
    assert (compared.left_out, empathy.left_out) == (len(known), len(known))
    assert empathy.beside_people is not None and empathy.beside_people.items == 4
    text = page_of(client, rated)
    assert f"{len(pairs)} items count. {len(known)} more" in text
    assert "Learned v1 learned from" in text and "from the same profile" in text


def test_its_levels_of_known_items_are_in_no_list_and_no_matrix(rated: Desk) -> None:
    source = items(rated)[0]
    judge = learned(rated, [source.target])
    found, fresh = found_in(rated), places_of_others(rated, source)
    key = str(ratings.rater_for_judge(judge=judge).pk)
    matrix = found.matrix(found.criteria[0], found.people[0].key, key)
    assert matrix.answered == 4
    by_target = {row.target_id: row for row in found.most_apart()}
    for place, item in enumerate(items(rated)):
        if row := by_target.get(item.target_id):
            assert bool(row.others) == (place in fresh)


def test_the_stand_in_test_asks_of_fresh_items_only(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alternative, "MIN_SHARED", 2)
    monkeypatch.setattr(alternative, "MIN_CLUSTERS", 2)
    at_desk = build_desk(cast, overlap=3)
    at_desk.rate_first({user: [{"empathy": v} for v in OF_ANA] for user in cast.annotators})
    source = items(at_desk)[0]
    learned(at_desk, [source.target])
    test = compared_in(at_desk).criteria[0].stand_in
    assert test is not None and [person.items for person in test.people] == [4, 4, 4]


def test_where_no_item_is_left_the_page_says_what_to_do(rated: Desk, client: Client) -> None:
    learned(rated, [item.target for item in items(rated)])
    compared = compared_in(rated)
    assert (compared.items, compared.left_out) == (0, 5)
    text = page_of(client, rated)
    assert "No item is left to compare" in text and "Rate items of the test split" in text
    assert f'href="{reverse("set_new", args=[rated.cast.project.pk])}?split=test"' in text
    assert "Agreement of Learned" not in text


def test_a_fit_of_earlier_versions_counts_the_test_split_only(rated: Desk, client: Client) -> None:
    learned(rated, None)
    in_test = [
        place
        for place, item in enumerate(items(rated))
        if item.target.turn.dialogue.split == "test" and OF_ANA[place] == OF_BEN[place]  # type: ignore[union-attr]
    ]
    compared = compared_in(rated)
    assert (compared.items, compared.left_out) == (len(in_test), 5 - len(in_test))
    assert not compared.rater.is_recorded
    assert "fitted before the studio kept what a fit learns from" in page_of(client, rated)


def test_a_language_model_is_compared_on_every_item(rated: Desk, client: Client) -> None:
    judged_by(rated, llm_judge(rated.cast, endpoint(rated.cast, "http://127.0.0.1:9/v1")))
    compared = compared_in(rated)
    assert (compared.items, compared.left_out) == (5, 0)
    text = page_of(client, rated)
    assert "left out, because" not in text and "learned from none" not in text


def test_api_and_export_say_what_is_left_out(rated: Desk, client: Client) -> None:
    learned(rated, [item.target for item in items(rated)])
    cast = rated.cast
    client.force_login(cast.leads[0])
    url = reverse("api_agreement_retrieve", args=[cast.project.pk, rated.version.pk])
    (other,) = client.get(url).json()["others"]
    assert (other["items"], other["left_out"], other["is_recorded"]) == (0, 5, True)
    assert other["criteria"][0]["left_out"] == 5
    selection = select(
        registry.find("agreement"), cast.member(cast.leads[0]), {"version": str(rated.version.pk)}
    )
    rows = [row for chunk in selection.chunks() for _, row in chunk.rows]
    found = {(row["among"], row["criterion_uid"], row["statistic"]): row for row in rows}
    assert found["rater", "empathy", "alpha"]["left_out"] == 5
    assert found["rater", "empathy", "alpha"]["value"] is None
    assert found["people", "empathy", "alpha"]["left_out"] is None
    assert json.dumps(rows, default=str)


def test_more_judges_cost_no_more_queries(rated: Desk, client: Client) -> None:
    url = reverse("agreement", args=[rated.cast.project.pk])
    client.force_login(rated.cast.leads[0])
    counts: list[Any] = []
    for name in ("One", "Two", "Three"):
        learned(rated, [items(rated)[0].target], name=name)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
