"""Exports for scripts: the same rows and services as the pages."""

from uuid import uuid4

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.models import ExportRun
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.objects import Setting
from tests.support.run_rows import export_run
from webapp.accounts.models import User


def signed_in(user: User) -> APIClient:
    api = APIClient()
    api.force_authenticate(user)
    return api


def url(cast: Cast, name: str = "list", *args: object) -> str:
    return reverse(f"api_export_{name}", args=[cast.project.pk, *args])


def test_start_look_and_start_again_with_the_same_key(cast: Cast) -> None:
    added(cast.project, parsed(1))
    api = signed_in(cast.leads[0])
    asked = {"table": "dialogues", "format": "jsonl", "filters": {"emotion": "lonely"}}
    for _ in range(2):
        answer = api.post(url(cast), asked, format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code == 201, answer.content
    run = ExportRun.objects.get()
    found = api.get(url(cast, "retrieve", run.pk)).json()
    assert (found["table"], found["filters"], found["has_file"]) == (
        "dialogues", {"emotion": "lonely"}, False
    )  # fmt: skip
    assert found["progress"]["done"] == 0
    assert [row["id"] for row in api.get(url(cast)).json()["results"]] == [str(run.pk)]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"table": "dialogues", "format": "docx"}, 400),
        ({"table": "secrets", "format": "csv"}, 409),
        ({"table": "dialogues", "format": "csv", "filters": {"colour": "red"}}, 409),
        ({"table": "dialogues", "format": "csv", "filters": {"set": str(uuid4())}}, 404),
        ({"table": "dialogues", "format": "csv", "filters": {"source": "x" * 201}}, 400),
        ({"table": "rollouts", "format": "csv"}, 403),
        ({"table": "agreement", "format": "csv"}, 409),
    ],
)
def test_what_can_not_be_started(cast: Cast, asked: dict[str, object], status: int) -> None:
    answer = signed_in(cast.clinicians[0]).post(url(cast), asked, format="json")
    assert answer.status_code == status, answer.content
    assert not ExportRun.objects.exists()


def test_download_and_remove(cast: Cast) -> None:
    run = export_run(Setting(cast.project, cast.leads[0]))
    api = signed_in(cast.leads[0])
    answer = api.get(url(cast, "download", run.pk))
    assert "attachment" in answer["Content-Disposition"]
    assert len(b"".join(answer)) == run.size
    removed = api.post(url(cast, "remove", run.pk)).json()
    assert (removed["has_file"], removed["sha256"]) == (False, run.sha256)
    assert api.get(url(cast, "download", run.pk)).status_code == 404
    assert api.post(url(cast, "remove", run.pk)).status_code == 409


def test_each_role_is_told_its_tables(cast: Cast) -> None:
    found = {}
    for role, person in (
        ("annotator", cast.annotators[0]),
        ("clinician", cast.clinicians[0]),
        ("lead", cast.leads[0]),
    ):
        found[role] = signed_in(person).get(url(cast, "tables")).json()
    assert [table["name"] for table in found["annotator"]] == ["ratings"]
    told = {role: {table["name"] for table in tables} for role, tables in found.items()}
    assert {"dialogues", "attempts", "adjudications"} <= told["clinician"]
    assert {"rollouts", "preferences", "evaluation_answers"} <= told["lead"] - told["clinician"]
    assert told["clinician"] < told["lead"]
    [dialogues, *_] = found["lead"]
    assert "emotion" in dialogues["filters"]
    turns = next(column for column in dialogues["columns"] if column["name"] == "turns")
    assert [part["name"] for part in turns["parts"]][:2] == ["position", "role"]


def test_others_get_404(cast: Cast) -> None:
    run = export_run(Setting(cast.project, cast.leads[0]))
    api = signed_in(cast.leads[1])
    assert api.get(url(cast)).json()["results"] == []
    for name in ("retrieve", "download"):
        assert api.get(url(cast, name, run.pk)).status_code == 404
    for name in ("remove", "cancel", "resume"):
        assert api.post(url(cast, name, run.pk)).status_code == 404
