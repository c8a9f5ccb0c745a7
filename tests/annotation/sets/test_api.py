"""The API of sets."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.models import Collection
from tests.conftest import Cast
from tests.support.dialogues import added, parsed


@pytest.fixture
def api(cast: Cast) -> APIClient:
    client = APIClient()
    client.force_login(cast.leads[0])
    return client


def _url(cast: Cast, name: str, *args: object) -> str:
    return reverse(name, args=[cast.project.pk, *args])


def test_a_set_is_made_and_frozen(cast: Cast, api: APIClient) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"))
    made = api.post(
        _url(cast, "api_set_list"),
        {"name": "Proud", "query": {"emotion": "proud", "kind": "turn"}, "project": "x"},
        format="json",
    )
    assert made.status_code == 201, made.content
    assert (made.json()["size"], made.json()["query"]["emotion"]) == (2, "proud")
    url = _url(cast, "api_set_freeze", made.json()["id"])
    snapshot = api.post(url, {"seed": 3, "limit": 1}, format="json").json()
    assert (snapshot["member_count"], snapshot["seed"]) == (1, 3)
    members = api.get(_url(cast, "api_snapshot_members", snapshot["id"])).json()["results"]
    assert members[0]["target_kind"] == "turn" and members[0]["turn"]
    assert api.get(_url(cast, "api_snapshot_retrieve", snapshot["id"])).status_code == 200
    assert len(api.get(_url(cast, "api_snapshot_list")).json()["results"]) == 1


def test_a_set_of_last_replies(cast: Cast, api: APIClient) -> None:
    added(cast.project, parsed(1), parsed(2, pairs=3))

    def made(**query: object) -> dict[str, object]:
        asked = {"name": "Last", "query": query}
        return dict(api.post(_url(cast, "api_set_list"), asked, format="json").json())

    last = made(last_only=True)
    assert (last["size"], last["query"]) == (2, {"kind": "turn", "last_only": True})
    every = made(last_only=False)
    assert (every["size"], every["query"]) == (5, {"kind": "turn"})
    assert made(last_only=True, kind="dialogue")["code"] == "last_only"


def test_a_set_names_nothing_of_another_project(cast: Cast, api: APIClient) -> None:
    foreign = added(cast.other_project, parsed(3))[0]
    for query in ({"profile": str(foreign.profile_id)}, {"emotion": "meh"}, {"kind": "text"}):
        made = api.post(_url(cast, "api_set_list"), {"name": "x", "query": query}, format="json")
        assert made.status_code in (400, 409), query
    assert not Collection.objects.exists()
