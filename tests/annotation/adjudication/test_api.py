"""Adjudication for scripts."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Rating
from rubrics.models import RubricVersion
from tests.support.adjudication import DECIDED
from tests.support.desk import Desk


@pytest.fixture
def ask(apart: Desk, client: Client) -> Any:
    client.force_login(apart.cast.clinicians[0])

    def send(method: str, name: str, *args: Any, **body: Any) -> Any:
        url = reverse(f"api_adjudication_{name}", args=[apart.cast.project.pk, *args])
        return getattr(client, method)(url, body, content_type="application/json")

    return send


def test_a_clinician_settles_by_script(apart: Desk, ask: Any) -> None:
    (queue,) = ask("get", "list").json()
    assert (queue["total"], queue["free"], queue["adjudicate_from"]) == (2, 2, 2)
    rows = ask("get", "items", queue["queue"]).json()
    assert [(r["apart"], r["criteria"], r["state"]) for r in rows] == [
        (3, ["empathy"], "open"),
        (3, ["empathy"], "open"),
    ]
    first = ask("post", "next", queue["queue"]).json()
    empathy = first["criteria"][0]
    assert (empathy["uid"], empathy["is_disputed"]) == ("empathy", True)
    assert {r["rater"] for r in empathy["raters"]} == {"A", "B"}
    assert {r["answer"] for r in empathy["raters"]} == {"1", "4"}
    assert first["draft"]["scores"] == {"asks": "0", "safe": "na"}
    saved = ask("put", "draft", first["id"], **DECIDED, revision=0).json()
    assert (saved["revision"], saved["is_held"]) == (1, True)
    assert ask("put", "draft", first["id"], revision=0).status_code == 409
    done = ask("post", "submit", first["id"], **DECIDED, revision=1).json()
    rating = Rating.objects.get(pk=done["rating"])
    assert rating.scores.get(criterion_uid="empathy").value == 2
    assert done["next"]["title"] == "Dialogue 2, turn 4"
    back = ask("post", "undo", first["id"]).json()
    assert (back["state"], back["draft"]["causes"]) == ("reserved", DECIDED["causes"])
    assert ask("post", "release", first["id"]).json()["state"] == "released"
    assert ask("post", "take", rows[0]["item"]).json()["id"] == first["id"]


def test_what_is_missing_or_wrong_is_named(apart: Desk, ask: Any) -> None:
    own = ask("post", "next", apart.queue.pk).json()["id"]
    missing = ask("post", "submit", own, scores={"asks": "0"})
    assert missing.status_code == 400
    assert set(missing.json()["errors"]["scores"]) == {"empathy", "safe"}
    assert ask("post", "submit", own, causes={"empathy": "luck"}).status_code == 400
    assert ask("post", "submit", own, scores={"empathy": "9"}).status_code == 400


def test_nothing_left_is_said(apart: Desk, ask: Any) -> None:
    for _ in range(2):
        own = ask("post", "next", apart.queue.pk).json()["id"]
        last = ask("post", "submit", own, **DECIDED).json()
    assert last["next"] is None
    assert ask("post", "next", apart.queue.pk).status_code == 204


def test_causes_and_exemplars(apart: Desk, ask: Any) -> None:
    own = ask("post", "next", apart.queue.pk).json()["id"]
    ask("post", "submit", own, **DECIDED)
    (row,) = ask("get", "causes", apart.version.rubric_id).json()
    assert (row["criterion"], row["cause"], row["n"]) == ("empathy", "ambiguous_rubric", 1)
    opened = ask("post", "to_draft", row["items"][0]["decision"]).json()
    assert (opened["criterion"], opened["level"]) == ("empathy", 2)
    assert RubricVersion.objects.get(pk=opened["version"]).number == 2
