"""Judging pairs by the API: the same rows, rules and blindness as by the pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.comparisons import judging
from annotation.models import PairJudgement
from tests.support.comparisons import Judged
from webapp.accounts.models import User


@pytest.fixture
def ana(judged: Judged, client: Client) -> User:
    client.force_login(judged.cast.annotators[0])
    return judged.cast.annotators[0]


def _url(judged: Judged, name: str, **where: Any) -> str:
    return reverse(f"api_pair_{name}", kwargs={"project_id": judged.cast.project.pk, **where})


def test_from_the_list_to_the_last_pair(
    judged: Judged, client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging.secrets, "randbits", lambda _: 1)
    [waiting] = client.get(_url(judged, "list")).json()
    assert waiting == {
        "comparison": str(judged.comparison.pk),
        "name": "Warm or cold",
        "question": "Which reply would help the seeker more?",
        "judged": 0,
        "left": 3,
        "free": 3,
    }
    pair = client.post(_url(judged, "next", comparison_id=judged.comparison.pk)).json()
    assert set(pair) == {
        "id", "comparison", "question", "state", "choice", "leased_until", "profile", "situation",
        "cut", "turns", "a", "b",
    }  # fmt: skip
    assert pair["a"]["text"] == "Warm words 0. Who was there?"
    assert pair["a"]["emotion"] == "lonely"
    assert pair["b"]["text"] == "Cold words 0. Get some sleep."
    done = _judge(client, judged, pair["id"], "a")
    assert (done["pair"]["state"], done["pair"]["choice"]) == ("submitted", "a")
    same = _judge(client, judged, pair["id"], "a")
    assert (same["pair"], same["next"]["id"]) == (done["pair"], done["next"]["id"])
    again = client.post(_url(judged, "undo", judgement_id=pair["id"])).json()
    assert (again["id"], again["state"], again["choice"]) == (pair["id"], "reserved", "")
    found: Any = again
    for choice in ("tie", "b", "a"):
        found = _judge(client, judged, found["id"], choice)["next"]
    assert found is None
    answer = client.post(_url(judged, "next", comparison_id=judged.comparison.pk))
    assert answer.status_code == 204
    assert PairJudgement.objects.filter(state="submitted").count() == 3


def test_what_is_refused(judged: Judged, client: Client, ana: User) -> None:
    held = judged.claim(ana)
    url = _url(judged, "judge", judgement_id=held.pk)
    for body in ({}, {"choice": "c"}, {"choice": "a", "active_seconds": -1}, ["a"]):
        answer = client.post(url, body, content_type="application/json")
        assert answer.status_code == 400, body
    _judge(client, judged, str(held.pk), "a")
    answer = client.post(url, {"choice": "b"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "judged")
    others = judged.claim(judged.cast.annotators[1])
    assert client.get(_url(judged, "retrieve", judgement_id=others.pk)).status_code == 404


def _judge(client: Client, judged: Judged, judgement_id: str, choice: str) -> Any:
    url = _url(judged, "judge", judgement_id=judgement_id)
    answer = client.post(
        url, {"choice": choice, "active_seconds": 5}, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return answer.json()
