"""Queues and the desk for scripts."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation.models import Assignment, Queue, Rating
from tests.support.desk import Desk
from webapp.accounts.models import User
from webapp.accounts.tokens import create_token

LEVELS = {"empathy": "4", "asks": "0", "safe": "na"}


def _client(user: User) -> APIClient:
    client = APIClient()
    _, secret = create_token(user=user, name="t", scope="write")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def base(at_desk: Desk) -> str:
    return f"/api/projects/{at_desk.cast.project.pk}"


def test_a_lead_runs_a_queue(at_desk: Desk, base: str) -> None:
    lead = _client(at_desk.cast.leads[0])
    new = {
        "name": "By script",
        "version": str(at_desk.version.pk),
        "collection": str(at_desk.collection.pk),
        "raters": [str(user.pk) for user in at_desk.cast.annotators[:2]],
        "limit": 2,
        # Not to be set from outside.
        "number": 77,
        "closed_at": "2020-01-01T00:00:00Z",
    }
    made = lead.post(f"{base}/queues/", new, format="json")
    assert made.status_code == 201, made.data
    queue = Queue.objects.get(name="By script")
    assert (queue.number, queue.closed_at, queue.created_by) == (2, None, at_desk.cast.leads[0])
    assert made.data["progress"]["needed"] == 4
    again = lead.post(f"{base}/queues/", new, format="json")
    assert (again.status_code, again.data["code"]) == (409, "name")

    listed = lead.get(f"{base}/queues/").data["results"]
    assert [row["name"] for row in listed] == ["By script", "First look"]
    path = f"{base}/queues/{queue.pk}/"
    raters = [str(at_desk.cast.annotators[2].pk)]
    assert len(lead.put(f"{path}raters/", {"raters": raters}, format="json").data["people"]) == 1
    assert lead.post(f"{path}close/").data["closed_at"]
    assert [r["name"] for r in lead.get(f"{base}/queues/?is_open=true").data["results"]] == [
        "First look"
    ]
    assert lead.post(f"{path}open/").data["closed_at"] is None


def test_ids_of_another_project_are_unknown(at_desk: Desk, base: str) -> None:
    lead = _client(at_desk.cast.leads[0])
    elsewhere = f"/api/projects/{at_desk.cast.other_project.pk}/queues/"
    assert lead.get(elsewhere).status_code == 404
    stranger = _client(at_desk.cast.stranger)
    assert stranger.get(f"{base}/queues/{at_desk.queue.pk}/").status_code == 404
    body = {
        "name": "Taken",
        "version": str(at_desk.version.pk),
        "collection": str(at_desk.collection.pk),
        "raters": [str(at_desk.cast.annotators[0].pk)],
    }
    refused = stranger.post(elsewhere, body, format="json")
    assert refused.status_code == 400
    assert set(refused.data["errors"]) == {"version", "collection", "raters"}


def test_filters_come_from_the_list_of_allowed_ones(at_desk: Desk, base: str) -> None:
    lead = _client(at_desk.cast.leads[0])
    for attempt in ("created_by__password__startswith=a", "project=x", "raters__user__email=a"):
        assert len(lead.get(f"{base}/queues/?{attempt}").data["results"]) == 1
    assert lead.get(f"{base}/queues/?version=nonsense").status_code == 400


@pytest.mark.slow
def test_an_annotator_works_by_script(at_desk: Desk, base: str) -> None:
    ana = _client(at_desk.cast.annotators[0])
    assert ana.get(f"{base}/desk/").data[0]["left"] == 6
    item = ana.post(f"{base}/desk/queues/{at_desk.queue.pk}/next/").data
    assert item["reply"]["number"] == 2
    assert item["turns"] == [
        {
            "number": 1, "role": "seeker", "text": "Night 1, thought 0.",
            "understanding": "", "reasoning": "", "emotion": "",
        }
    ]  # fmt: skip
    assert [level["value"] for level in item["criteria"][2]["levels"]] == [0, 1]
    path = f"{base}/desk/items/{item['id']}/"

    draft = {"scores": {"empathy": "2"}, "revision": item["revision"], "active_seconds": 4}
    assert ana.put(f"{path}draft/", draft, format="json").data["revision"] == 1
    stale = ana.put(f"{path}draft/", draft, format="json")
    assert (stale.status_code, stale.data["code"]) == (409, "stale")
    assert ana.get(path).data["draft"]["scores"] == {"empathy": "2"}

    missing = ana.post(f"{path}submit/", {"scores": {"empathy": "4"}}, format="json")
    assert missing.status_code == 400
    assert set(missing.data["errors"]["scores"]) == {"asks", "safe"}
    bad = ana.post(f"{path}submit/", {"scores": LEVELS | {"empathy": "9"}}, format="json")
    assert bad.status_code == 400

    done = ana.post(f"{path}submit/", {"scores": LEVELS}, format="json").data
    assert done["next"]["reply"]["number"] == 4
    again = ana.post(f"{path}submit/", {"scores": LEVELS}, format="json").data
    assert again == done | {"next": again["next"]}
    other = ana.post(f"{path}submit/", {"scores": LEVELS | {"empathy": "1"}}, format="json")
    assert (other.status_code, other.data["code"]) == (409, "submitted")
    assert Rating.objects.count() == 1
    mine = ana.get(f"{base}/desk/ratings/").data["results"]
    assert [row["id"] for row in mine] == [str(done["rating"])]
    assert len(mine[0]["scores"]) == 3

    assert ana.post(f"{path}undo/").data["state"] == "reserved"
    assert ana.get(f"{base}/desk/ratings/").data["results"] == []
    assert ana.post(f"{path}flag/", {"reason": ""}, format="json").status_code == 409
    assert ana.post(f"{path}flag/", {"reason": "Hm."}, format="json").status_code == 200
    assert ana.post(f"{path}skip/", {}, format="json").data["state"] == "skipped"


def test_nothing_left_is_204(at_desk: Desk, base: str) -> None:
    ana = at_desk.cast.annotators[0]
    for _ in range(6):
        at_desk.rate(ana)
    answer = _client(ana).post(f"{base}/desk/queues/{at_desk.queue.pk}/next/")
    assert answer.status_code == 204


@pytest.mark.parametrize("method", ["get", "put", "post"])
def test_an_item_is_its_rater_s_alone(at_desk: Desk, base: str, method: str) -> None:
    theirs: Assignment = at_desk.claim(at_desk.cast.annotators[1])
    ana = _client(at_desk.cast.annotators[0])
    paths: dict[str, list[str]] = {
        "get": [""],
        "put": ["draft/"],
        "post": ["submit/", "undo/", "skip/", "flag/"],
    }
    for path in paths[method]:
        call: Any = getattr(ana, method)
        answer = call(f"{base}/desk/items/{theirs.pk}/{path}", {"revision": 0}, format="json")
        assert answer.status_code == 404, path
