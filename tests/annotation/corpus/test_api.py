"""The API of the station, by the same rules as its pages."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.corpus import work as imports
from annotation.models import Dialogue, ImportRun
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.imports import FILES, imported
from tests.support.pages import html_of
from webapp.accounts.models import User


@pytest.fixture
def api(cast: Cast) -> APIClient:
    client = APIClient()
    client.force_login(cast.leads[0])
    return client


def _url(cast: Cast, name: str, *args: object) -> str:
    return reverse(name, args=[cast.project.pk, *args])


def _as(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def test_a_file_goes_in_and_its_rows_come_out(cast: Cast, api: APIClient) -> None:
    made = api.post(
        _url(cast, "api_import_list"),
        {"file": SimpleUploadedFile("p.jsonl", FILES["epitome"].read_bytes()), "key": "one"},
        format="multipart",
    )
    assert made.status_code == 201, made.content
    run = made.json()
    assert (run["status"], run["format"], run["file_name"]) == ("pending", "epitome", "p.jsonl")
    again = api.post(
        _url(cast, "api_import_list"),
        {"file": SimpleUploadedFile("p.jsonl", FILES["epitome"].read_bytes()), "key": "one"},
        format="multipart",
    )
    assert again.json()["id"] == run["id"]

    imports.work(run["id"])
    run = api.get(_url(cast, "api_import_retrieve", run["id"])).json()
    assert run["status"] == "succeeded"
    assert run["added"] + run["known"] + run["broken"] == run["records_total"]
    lines = api.get(_url(cast, "api_import_lines", run["id"]), {"outcome": "broken"}).json()
    assert len(lines["results"]) == run["broken"] > 0
    assert all(line["reason"] for line in lines["results"])

    listed = api.get(_url(cast, "api_dialogue_list"), {"import_run": run["id"]}).json()
    assert len(listed["results"]) == min(50, run["added"])
    one = api.get(_url(cast, "api_dialogue_retrieve", listed["results"][0]["id"])).json()
    assert [turn["role"] for turn in one["turns"]] == ["seeker", "supporter"]
    note = one["turns"][1]["ratings"][0]
    assert (note["rater_kind"], note["purpose"], len(note["scores"])) == ("external", "import", 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"PK\x03\x04.", "zip"), ("{}".encode("utf-16"), "UTF-16"), (b"a", "Choose")],
)
def test_a_file_that_is_none_is_a_problem_in_words(
    cast: Cast, api: APIClient, content: bytes, words: str
) -> None:
    response = api.post(
        _url(cast, "api_import_list"),
        {"file": SimpleUploadedFile("x.jsonl", content)},
        format="multipart",
    )
    assert response.status_code in (400, 409)
    assert response["content-type"] == "application/problem+json"
    assert words in html_of(response)
    assert not ImportRun.objects.exists()


def test_a_run_is_stopped_and_goes_on(cast: Cast, api: APIClient) -> None:
    made = api.post(
        _url(cast, "api_import_list"),
        {"file": SimpleUploadedFile("p.jsonl", FILES["epitome"].read_bytes())},
        format="multipart",
    ).json()
    assert api.post(_url(cast, "api_import_cancel", made["id"])).json()["status"] == "cancelled"
    assert api.post(_url(cast, "api_import_resume", made["id"])).json()["status"] == "pending"
    assert api.post(_url(cast, "api_import_resume", made["id"])).status_code == 409


def test_dialogues_are_filtered_by_what_is_allowed_only(cast: Cast, api: APIClient) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"))
    foreign = added(cast.other_project, parsed(3))[0]
    url = _url(cast, "api_dialogue_list")

    assert len(api.get(url, {"emotion": "proud"}).json()["results"]) == 1
    assert api.get(url, {"emotion": "meh"}).status_code == 400
    assert api.get(url, {"profile": "x"}).status_code == 400
    assert api.get(url, {"profile": str(foreign.profile_id)}).json()["results"] == []
    everything = api.get(url, {"project__created_by__password__startswith": "a"}).json()
    assert len(everything["results"]) == 2


@pytest.mark.slow
def test_roles_and_strangers(cast: Cast) -> None:
    run = imported(cast, FILES["epitome"].read_bytes())
    row = Dialogue.objects.first()
    assert row is not None
    gets = {
        "api_dialogue_list": [],
        "api_dialogue_retrieve": [row.pk],
        "api_import_list": [],
        "api_import_retrieve": [run.pk],
        "api_import_lines": [run.pk],
        "api_set_list": [],
        "api_set_retrieve": [run.collection_id],
        "api_snapshot_list": [],
    }
    for name, args in gets.items():
        assert _as(cast.clinicians[0]).get(_url(cast, name, *args)).status_code == 200, name
        assert _as(cast.annotators[0]).get(_url(cast, name, *args)).status_code == 403, name
        for nobody in (cast.outsider, cast.stranger, cast.admin):
            assert _as(nobody).get(_url(cast, name, *args)).status_code == 404, name
        assert APIClient().get(_url(cast, name, *args)).status_code == 401, name
        if args:
            elsewhere = reverse(name, args=[cast.other_project.pk, *args])
            assert _as(cast.stranger).get(elsewhere).status_code == 404, name
    posts = {"api_import_list": [], "api_import_cancel": [run.pk], "api_import_resume": [run.pk]}
    for name, args in posts.items():
        assert _as(cast.clinicians[0]).post(_url(cast, name, *args)).status_code == 403, name
        assert _as(cast.annotators[0]).post(_url(cast, name, *args)).status_code == 403, name
        assert _as(cast.stranger).post(_url(cast, name, *args)).status_code == 404, name
    for name, args in {"api_set_list": [], "api_set_freeze": [run.collection_id]}.items():
        assert _as(cast.annotators[0]).post(_url(cast, name, *args)).status_code == 403, name
        assert _as(cast.outsider).post(_url(cast, name, *args)).status_code == 404, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["api_dialogue_list", "api_set_list", "api_import_list"])
def test_a_list_costs_the_same_for_two_and_for_twenty(
    cast: Cast, api: APIClient, name: str, django_assert_num_queries: Any
) -> None:
    def grow(first: int, last: int) -> None:
        for n in range(first, last):
            added(cast.project, parsed(n))
            imported(cast, b'{"person": "x"}', "kardiabench")

    grow(0, 2)
    api.get(_url(cast, name))
    with CaptureQueriesContext(connection) as few:
        api.get(_url(cast, name))
    grow(2, 20)
    with django_assert_num_queries(len(few)):
        api.get(_url(cast, name))
