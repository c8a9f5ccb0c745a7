"""What people gave by one version and what becomes of it in the next: the counts before the
click, agreement, and what the desk asks again. All from real ratings."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement.queries import VersionAgreement, versions_with_ratings
from annotation.desk import services as desk
from annotation.ratings import services as ratings
from annotation.ratings.carried_ratings import (
    changed_meanings,
    count_ratings,
    items_to_rate_again,
)
from annotation.ratings.services import NewScore
from rubrics.core.spec import RubricSpec, to_json
from rubrics.models import RubricVersion
from rubrics.versions import queries as history
from rubrics.versions.services import version_publish
from rubrics.writing.services import draft_open, draft_save
from tests.conftest import Cast
from tests.support.desk import RUBRIC, Desk, build_desk
from tests.support.pages import html_of

FORMAT, EMPATHY, ASKS, SAFE = RUBRIC.criteria
# Empathy counts more and is asked in other words, Asking has a level less, Safety is as it was.
CHANGED = replace(
    RUBRIC,
    criteria=(
        FORMAT,
        replace(EMPATHY, description="Does the reply understand the seeker?", weight=3.0),
        replace(ASKS, levels=ASKS.levels[:2]),
        SAFE,
    ),
)


@pytest.fixture
def rated(cast: Cast) -> Desk:
    """Ana rated four items, Ben three of them; Cem none."""
    cast.project.needs_approval = False
    cast.project.save()
    at_desk = build_desk(cast, overlap=3)
    ana, ben, _ = cast.annotators
    at_desk.rate_first(
        {
            ana: [{"empathy": level, "asks": 2, "safe": 1} for level in (1, 3, 5, 2)],
            ben: [*({"empathy": level, "asks": 1, "safe": 1} for level in (1, 4, 5)), None],
        }
    )
    return at_desk


def publish_next(at_desk: Desk, spec: RubricSpec, **meanings: bool) -> RubricVersion:
    actor = at_desk.cast.clinicians[0]
    draft = draft_open(rubric=at_desk.version.rubric, actor=actor)
    draft_save(version=draft, actor=actor, content=to_json(spec), expected_revision=0)
    return version_publish(version=draft, actor=actor, meaning_changed=meanings)


def among(at_desk: Desk, version: RubricVersion) -> dict[str, Any]:
    found = VersionAgreement(at_desk.cast.member(at_desk.cast.leads[0]), version)
    return {row.criterion.uid: row for row in found.among_people()}


def test_each_person_and_item_counts_once(rated: Desk) -> None:
    project = rated.cast.project
    meanings = ["m-empathy", "m-asks", "none"]
    assert count_ratings(project, meanings) == {"m-empathy": 7, "m-asks": 7}
    # Raters who are no people of the project are not counted, nor what was taken back.
    item = rated.queue.items.order_by("position").last()
    ratings.submit_rating(
        target=item.target,
        spec=rated.version.spec,  # type: ignore[arg-type]
        rater=ratings.external_rater(project=project, label="Survey"),
        purpose="import",
        scores=[NewScore("empathy", 3)],
    )
    taken_back = rated.rate(rated.cast.annotators[2], empathy=1)
    desk.undo(assignment=taken_back, actor=rated.cast.annotators[2])
    assert count_ratings(project, meanings)["m-empathy"] == 7
    assert count_ratings(rated.cast.other_project, meanings) == {}


def test_page_says_how_many_before_the_click(client: Client, rated: Desk) -> None:
    actor = rated.cast.clinicians[0]
    draft = draft_open(rubric=rated.version.rubric, actor=actor)
    draft_save(version=draft, actor=actor, content=to_json(CHANGED), expected_revision=0)
    found = history.consequences(rated.cast.project, CHANGED)
    assert [(c.name, c.ratings) for c in found.asked] == [("Empathy", 7)]
    assert [(c.name, c.ratings) for c in found.forced] == [("Asking", 7)]
    assert (found.carry, found.ratings) == (7, 21)
    client.force_login(actor)
    args = [rated.cast.project.pk, draft.pk]
    page = html_of(client.get(reverse("rubric_publish", args=args)))
    assert "7 ratings of Safety carry over: the text is the same." in page
    assert "7 ratings of Asking do not count for this version: its levels changed." in page
    assert "No, only the wording changed: 7 ratings carry over" in page
    # The click without the answer changes nothing; with it, it does what was said.
    post = {"expected_revision": 1}
    assert "Say whether the meaning of" in html_of(
        client.post(reverse("rubric_publish", args=args), post, follow=True)
    )
    answered = {**post, "meaning:empathy": "no"}
    page = html_of(client.post(reverse("rubric_publish", args=args), answered, follow=True))
    assert "Version 2 is published." in page
    draft.refresh_from_db()
    rows = among(rated, draft)
    assert {uid: row.carried for uid, row in rows.items()} == {"empathy": 7, "asks": 0, "safe": 7}


def test_carried_ratings_count_in_agreement_as_they_did(rated: Desk) -> None:
    before = among(rated, rated.version)
    second = publish_next(rated, CHANGED, empathy=False)
    after = among(rated, second)
    assert after["empathy"].alpha == before["empathy"].alpha
    assert (after["empathy"].carried, before["empathy"].carried) == (7, 0)
    assert after["asks"].alpha.n == 0
    member = rated.cast.member(rated.cast.leads[0])
    assert versions_with_ratings(member) == [rated.version, second]
    # What was rated by the new version does not flow back into an item that has a rating.
    assert among(rated, rated.version)["empathy"].carried == 0


def test_changed_meaning_carries_nothing(rated: Desk) -> None:
    second = publish_next(rated, CHANGED, empathy=True)
    rows = among(rated, second)
    assert {uid: row.carried for uid, row in rows.items()} == {"empathy": 0, "asks": 0, "safe": 7}


def test_a_rating_by_the_version_itself_stands_for_a_carried_one(rated: Desk) -> None:
    ana = rated.cast.annotators[0]
    second = publish_next(rated, CHANGED, empathy=False)
    queue = rated.another_queue(ana, version=second)
    desk.submit(
        assignment=rated.claim(ana, queue),
        draft={"scores": {"empathy": 5, "asks": 1, "safe": 1}},
        active_seconds=5,
    )
    rows = among(rated, second)
    assert rows["empathy"].carried == 6
    assert rows["empathy"].alpha != among(rated, rated.version)["empathy"].alpha


def test_desk_asks_again_only_what_means_something_else(client: Client, rated: Desk) -> None:
    ana, _, cem = rated.cast.annotators
    second = publish_next(rated, CHANGED, empathy=False)
    queue = rated.another_queue(ana, cem, version=second)
    own = rated.claim(ana, queue)
    assert own.draft == {"scores": {"empathy": 1, "safe": 1}, "rationales": {}}
    client.force_login(ana)
    page = html_of(client.get(reverse("desk_item", args=[rated.cast.project.pk, own.pk])))
    assert "Your earlier levels of 2 criteria are filled in." in page
    # Nobody else's levels are filled in.
    assert rated.claim(cem, queue).draft == {}
    # Whoever is asked twice by one version is asked on purpose.
    again = rated.another_queue(ana, name="Once more")
    assert rated.claim(ana, again).draft == {}


def test_hidden_items_stay_hidden_where_their_ratings_carry_over(rated: Desk) -> None:
    second = publish_next(rated, CHANGED, empathy=False)
    luis = rated.cast.leads[1]
    found = VersionAgreement(rated.cast.member(luis), second)
    assert (found.rated_targets, found.hidden, found.carried) == (0, 4, 0)


def test_the_lead_reads_how_many_items_a_changed_meaning_wants_rated_again(
    client: Client, rated: Desk
) -> None:
    lead = rated.cast.leads[0]
    client.force_login(lead)
    home = reverse("project_home", args=[rated.cast.project.pk])
    assert "to rate again" not in html_of(client.get(home))
    second = publish_next(rated, CHANGED, empathy=True)
    (change,) = changed_meanings(rated.cast.project)
    assert (change.version, change.names) == (second, ["Empathy", "Asking"])
    assert items_to_rate_again(change) == 4
    body = html_of(client.get(home))
    assert f"4 items to rate again with {second.rubric} version 2" in body
    assert "Empathy and Asking mean something else now" in body
    # What is in a queue of the version waits for its raters and not for the lead.
    rated.another_queue(rated.cast.annotators[0], version=second)
    assert "to rate again" not in html_of(client.get(home))


def test_wording_alone_wants_nothing_rated_again(rated: Desk) -> None:
    reworded = replace(RUBRIC, criteria=(FORMAT, CHANGED.criteria[1], ASKS, SAFE))
    publish_next(rated, reworded, empathy=False)
    assert changed_meanings(rated.cast.project) == []
