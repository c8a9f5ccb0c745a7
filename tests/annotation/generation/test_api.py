"""The API of generation runs."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import GenerationItem, GenerationRun
from tests.conftest import Cast
from tests.support.generation import corpus, endpoint, planned
from webapp.llm.models import Endpoint
from webapp.runs.models import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def voice(cast: Cast) -> Endpoint:
    corpus(cast)
    return endpoint(cast, "http://127.0.0.1:9/v1")


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def at(name: str, cast: Cast, run: GenerationRun | None = None) -> str:
    ids = {"id": run.pk} if run else {}
    return reverse(f"api_generation_{name}", kwargs={"project_id": cast.project.pk, **ids})


def asked(voice: Endpoint, **changes: Any) -> dict[str, Any]:
    body = {
        "supporter": str(voice.pk), "simulator": str(voice.pk), "count": 3, "emotions": ["lonely"],
        "exchanges": 2,
    }  # fmt: skip
    return body | changes


def start(client: Client, cast: Cast, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(at("list", cast), body, content_type="application/json", headers=headers)


def test_a_script_starts_a_run_once_for_a_key(cast: Cast, lead: Client, voice: Endpoint) -> None:
    first = start(lead, cast, asked(voice), "nightly")
    again = start(lead, cast, asked(voice), "nightly")
    other = start(lead, cast, asked(voice))
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 201)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert first.json()["planned"] == 3 and first.json()["progress"]["done"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"count": 0}, "count"),
        ({"emotions": ["hungry"]}, "emotions"),
        ({"emotions": []}, "emotions"),
        ({"temperature": 3}, "temperature"),
        ({"supporter": "x"}, "supporter"),
    ],
)
def test_what_is_not_valid_is_named(
    cast: Cast, lead: Client, voice: Endpoint, change: dict[str, Any], field: str
) -> None:
    answer = start(lead, cast, asked(voice, **change))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_key_that_is_too_long_is_refused(cast: Cast, lead: Client, voice: Endpoint) -> None:
    assert start(lead, cast, asked(voice), "k" * 65).status_code == 400


def test_a_temperature_that_is_no_number_is_refused(
    cast: Cast, lead: Client, voice: Endpoint
) -> None:
    assert start(lead, cast, asked(voice, temperature="nan")).status_code in (400, 409)


def test_an_endpoint_of_another_project_is_not_there(
    cast: Cast, lead: Client, voice: Endpoint
) -> None:
    theirs = Endpoint.objects.create(
        project=cast.other_project, name="T", base_url="http://127.0.0.1:9/v1", model="m"
    )
    assert start(lead, cast, asked(voice, simulator=str(theirs.pk))).status_code == 404
    assert not GenerationRun.objects.exists()


def test_a_body_sets_nothing_that_it_should_not(cast: Cast, lead: Client, voice: Endpoint) -> None:
    body = asked(voice, status="succeeded", project=str(cast.other_project.pk), number=99)
    run = GenerationRun.objects.get(pk=start(lead, cast, body).json()["id"])
    assert (run.status, run.project, run.number) == (Status.PENDING, cast.project, 1)


def test_a_run_is_stopped_and_goes_on(cast: Cast, lead: Client, voice: Endpoint) -> None:
    run = planned(cast, voice)
    assert lead.post(at("cancel", cast, run)).json()["status"] == "cancelled"
    assert lead.post(at("resume", cast, run)).json()["status"] == "pending"
    refused = lead.post(at("resume", cast, run))
    assert refused.status_code == 409 and refused.json()["code"] == "not_resumable"


def test_items_come_by_position_and_by_state(cast: Cast, lead: Client, voice: Endpoint) -> None:
    run = planned(cast, voice, count=5)
    run.items.filter(position=3).update(state=GenerationItem.State.FAILED, error="Garbage.")
    page = lead.get(at("items", cast, run), {"page_size": 2}).json()
    assert [row["position"] for row in page["results"]] == [0, 1]
    rest = lead.get(page["next"]).json()
    assert [row["position"] for row in rest["results"]] == [2, 3]
    failed = lead.get(at("items", cast, run), {"state": "failed"}).json()["results"]
    assert [(row["position"], row["error"]) for row in failed] == [(3, "Garbage.")]


def test_filters_reach_no_other_column(cast: Cast, lead: Client, voice: Endpoint) -> None:
    planned(cast, voice)
    with_probe = lead.get(at("list", cast), {"created_by__password__startswith": "argon"}).json()
    assert len(with_probe["results"]) == 1
    assert lead.get(at("list", cast), {"status": "running"}).json()["results"] == []
    assert lead.get(at("list", cast), {"status": "x"}).status_code == 400


def test_the_list_costs_the_same_for_two_and_for_twenty(
    cast: Cast, lead: Client, voice: Endpoint
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert lead.get(at("list", cast)).status_code == 200
        return len(found)

    for _ in range(2):
        planned(cast, voice)
    queries()  # The first request also notes the session.
    few = queries()
    for _ in range(18):
        planned(cast, voice)
    assert queries() == few
