"""The API of judges on the battery."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rubrics.judging.battery.report import from_json
from tests.conftest import Cast
from tests.support.batteries import answering, battery_run, fair, reader, support, tried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("small")]


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def at(name: str, cast: Cast, row: Any = None) -> str:
    ids = {"id": row.pk} if row else {}
    return reverse(f"api_battery_{name}", kwargs={"project_id": cast.project.pk, **ids})


def post(client: Client, url: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(url, body, content_type="application/json", headers=headers)


def test_a_run_starts_once(cast: Cast, lead: Client) -> None:
    version, judge = support(cast), reader(cast)
    body = {"judge": str(judge.pk)}
    first = post(lead, at("list", cast), body, "one")
    assert first.status_code == 201 and first.json()["status"] == "pending"
    assert first.json()["version"] == str(version.pk) and first.json()["report"] is None
    assert post(lead, at("list", cast), body, "one").json()["id"] == first.json()["id"]
    again = post(lead, at("list", cast), body | {"version": str(version.pk)}, "two")
    assert (again.status_code, again.json()["code"]) == (409, "under_way")


def test_a_finished_run_comes_with_its_report(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    run = tried(cast, reader(cast))
    found = lead.get(at("retrieve", cast, run)).json()
    assert (found["passed"], found["verdict"]) == (True, "Reader v1 passed the battery.")
    assert found["planned"] == found["done"] == run.items.count() and found["failed"] == 0
    assert from_json(found["report"]) == from_json(run.report)
    [listed] = lead.get(at("list", cast)).json()["results"]
    assert (listed["id"], listed["passed"], listed["done"]) == (
        str(run.pk), True, run.items.count(),
    )  # fmt: skip
    assert "report" not in listed


def test_a_run_is_stopped_and_goes_on(cast: Cast, lead: Client) -> None:
    support(cast)
    run = battery_run(cast, reader(cast))
    assert lead.post(at("cancel", cast, run)).json()["status"] == "cancelled"
    assert lead.post(at("resume", cast, run)).json()["status"] == "pending"


def test_rows_of_another_project_are_not_there(cast: Cast, lead: Client) -> None:
    version, judge = support(cast), reader(cast)
    stranger = Client()
    stranger.force_login(cast.stranger)
    url = reverse("api_battery_list", kwargs={"project_id": cast.other_project.pk})
    body = {"judge": str(judge.pk), "version": str(version.pk)}
    assert post(stranger, url, body).status_code == 404


def test_clinicians_read_and_do_not_start(cast: Cast, client: Client) -> None:
    support(cast)
    run = battery_run(cast, reader(cast))
    client.force_login(cast.clinicians[0])
    assert client.get(at("retrieve", cast, run)).status_code == 200
    assert post(client, at("list", cast), {}).status_code == 403
    assert client.post(at("cancel", cast, run)).status_code == 403


def test_the_list_costs_the_same_for_more_runs(cast: Cast, lead: Client) -> None:
    support(cast)
    battery_run(cast, reader(cast))

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert lead.get(at("list", cast)).status_code == 200
        return len(found)

    queries()  # The first request also notes the session.
    few = queries()
    for _ in range(4):
        battery_run(cast, reader(cast))
    assert queries() == few
