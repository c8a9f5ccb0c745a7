"""The pages of checkpoints: each says what is there, and what to do where nothing is."""

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import Cast
from tests.support import starter as starters
from tests.support.pages import html_of
from tests.training.checkpoints.hubs import REPO
from tests.training.checkpoints.models import model, tarred, written
from training.checkpoints import services, views
from training.checkpoints.serving import served_name
from training.models import Checkpoint, ModelFetch
from webapp.accounts.models import Project
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_create


@pytest.fixture(autouse=True)
def local_server(settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK, settings.HUB_URL = True, "http://127.0.0.1:9"


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


def url(name: str, where: Project | Checkpoint, way: str = "") -> str:
    project = where if isinstance(where, Project) else where.project
    arguments = [project.pk] if isinstance(where, Project) else [project.pk, where.pk]
    return reverse(name, args=arguments) + (f"?way={way}" if way else "")


def page(lead: Client, name: str, where: Project | Checkpoint, way: str = "") -> str:
    answer = lead.get(url(name, where, way))
    assert answer.status_code == 200
    return html_of(answer)


def after(lead: Client, answer: Any) -> str:
    """The page that a form leads to."""
    assert answer.status_code == 302, html_of(answer)
    return html_of(lead.get(answer.url))


def file_of(files: dict[str, bytes]) -> SimpleUploadedFile:
    return SimpleUploadedFile("mine.tar.gz", tarred(files).getvalue())


@pytest.fixture
def starter(cast: Cast) -> Checkpoint:
    return starters.register(project=cast.project, actor=cast.leads[0], name="Starter model")


def test_an_empty_list_leads_to_a_first_model(lead: Client, cast: Cast) -> None:
    found = page(lead, "checkpoints", cast.project)
    assert "No models yet" in found
    for name in ("checkpoint_small", "checkpoint_new"):
        assert url(name, cast.project) in found


@pytest.mark.parametrize("name", ["checkpoint_delete", "checkpoint_serve"])
def test_a_second_click_on_a_deleted_model_leads_to_the_list(
    lead: Client, cast: Cast, starter: Checkpoint, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It was there when the request came."""
    monkeypatch.setattr(views, "checkpoint_for", lambda *_: starter)
    services.checkpoint_delete(
        checkpoint=Checkpoint.objects.get(pk=starter.pk), actor=cast.leads[0]
    )
    answer = lead.post(url(name, starter))
    assert "“Starter model” has been deleted." in after(lead, answer)
    assert answer.url == url("checkpoints", cast.project)


def test_an_archive_is_uploaded(lead: Client, cast: Cast) -> None:
    form = {"name": "Mine", "licence": "MIT", "file": file_of(model(modeling__py=b"x")), "key": "k"}
    found = after(lead, lead.post(url("checkpoint_new", cast.project, "upload"), form))
    assert (
        "“Mine” has been added. These files were left out, because the model does not need them: "
        "modeling.py." in found
    )
    assert "Qwen3ForCausalLM, 8 parameters, F32" in found and "MIT" in found


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (model() | {"x.bin": b"x"}, "x.bin is a pickle file"),
        (model(config__json=None), "There is no config.json"),
    ],
)
def test_a_refused_archive_is_told_at_its_field(
    lead: Client, cast: Cast, files: dict[str, bytes], said: str
) -> None:
    form = {"name": "Mine", "file": file_of(files), "key": "k"}
    answer = lead.post(url("checkpoint_new", cast.project, "upload"), form)
    assert answer.status_code == 200
    found = html_of(answer)
    assert said in found and 'value="Mine"' in found
    assert not Checkpoint.objects.exists()


def test_folders_of_the_server(lead: Client, cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.MODEL_ROOTS = []
    assert "KARDIA_MODEL_ROOTS" in page(lead, "checkpoint_new", cast.project, "path")
    settings.MODEL_ROOTS = [str(tmp_path)]
    assert f"below {tmp_path}" in page(lead, "checkpoint_new", cast.project, "path")
    folder = str(written(tmp_path / "a"))
    address = url("checkpoint_new", cast.project, "path")
    form = {"name": "Ours", "key": "k"}
    assert "must lie below" in html_of(lead.post(address, form | {"path": "/etc"}))
    assert folder in after(lead, lead.post(address, form | {"path": folder}))


@pytest.mark.parametrize("way", ["upload", "path"])
def test_a_double_click_adds_one_model(
    lead: Client, cast: Cast, settings: Any, tmp_path: Any, way: str
) -> None:
    settings.MODEL_ROOTS = [str(tmp_path)]
    address = url("checkpoint_new", cast.project, way)
    key = lead.get(address).context["form"]["key"].value()
    form = {"name": "Ours", "key": key, "path": str(written(tmp_path / "a"))}
    first, second = (lead.post(address, form | {"file": file_of(model())}) for _ in range(2))
    row = Checkpoint.objects.get()
    assert first.url == second.url == url("checkpoint", row)
    # A form that is opened again adds another one.
    assert lead.get(address).context["form"]["key"].value() != key


def test_a_download_is_started_once(lead: Client, cast: Cast) -> None:
    address = url("checkpoint_new", cast.project, "hub")
    form = {"name": "Tiny", "repo": REPO, "revision": "main", "key": "k"}
    form_of_path = lead.post(address, form | {"repo": "nonsense"})
    assert "owner/name" in html_of(form_of_path)
    found = after(lead, lead.post(address, form))
    assert lead.post(address, form).status_code == 302
    run = ModelFetch.objects.get()
    assert "Waiting for the list of files" in found
    assert f'ws-connect="/live/fetch/{run.pk}/"' in found
    assert "Tiny" in page(lead, "checkpoints", cast.project)


def hopeless(cast: Cast) -> ModelFetch:
    return ModelFetch.objects.create(
        project=cast.project,
        created_by=cast.leads[0],
        number=1,
        idempotency_key="hopeless",
        name="Tiny & more",
        repo="tests/unknown",
        revision="main",
        status="failed",
        error="There is no public model called tests/unknown.",
        can_go_on=False,
    )


def test_a_download_that_can_not_succeed_offers_another(lead: Client, cast: Cast) -> None:
    run = hopeless(cast)
    found = page(lead, "model_fetch", run)
    assert "Trying again would not help." in found and "Resume" not in found
    another = re.search(r'href="([^"]*way=hub[^"]*)"', found)
    assert another is not None
    form = lead.get(html.unescape(another[1])).context["form"]
    given = {name: form[name].value() for name in ("name", "repo", "revision")}
    assert given == {"name": "Tiny & more", "repo": "tests/unknown", "revision": "main"}
    refused = after(lead, lead.post(reverse("run_resume", args=[cast.project.pk, run.pk])))
    assert "Tiny &amp; more can’t be added this way: There is no public model" in refused
    removed = after(lead, lead.post(reverse("model_fetch_remove", args=[cast.project.pk, run.pk])))
    assert "The entry for Tiny &amp; more has been removed." in removed
    assert not ModelFetch.objects.exists()


def test_a_download_under_way_is_not_removed(lead: Client, cast: Cast) -> None:
    run = hopeless(cast)
    ModelFetch.objects.update(status="pending", error="", can_go_on=True)
    assert "Remove this entry" not in page(lead, "model_fetch", run)
    found = after(lead, lead.post(reverse("model_fetch_remove", args=[cast.project.pk, run.pk])))
    assert "has not failed" in found and ModelFetch.objects.exists()


def test_a_download_that_broke_off_can_go_on_or_be_removed(lead: Client, cast: Cast) -> None:
    run = hopeless(cast)
    ModelFetch.objects.update(can_go_on=True)
    found = page(lead, "model_fetch", run)
    assert "Resume" in found and "Remove this entry" in found


def test_a_checkpoint_is_served_with_one_click(lead: Client, starter: Checkpoint) -> None:
    found = after(lead, lead.post(url("checkpoint_serve", starter)))
    assert "“Starter model” is an endpoint now." in found
    assert "can’t be deleted while something uses it" in found
    endpoint = Endpoint.objects.get()
    assert endpoint.model == served_name(starter)
    assert "Starter model" in page(lead, "generation_new", starter.project)
    evaluation = reverse("evaluation_new", args=[starter.project_id])
    assert f'href="{evaluation}?endpoint={endpoint.pk}"' in found


def test_where_the_local_server_is_not_allowed(
    lead: Client, starter: Checkpoint, settings: Any
) -> None:
    settings.LLM_ALLOW_LOOPBACK = False
    found = page(lead, "checkpoint", starter)
    assert (
        "does not use the local model server" in found and "Serve it on this machine" not in found
    )
    assert "does not use" in after(lead, lead.post(url("checkpoint_serve", starter)))


def test_the_command_for_a_gpu(lead: Client, starter: Checkpoint) -> None:
    name = served_name(starter)
    assert f"vllm serve ./{name} --served-model-name {name} --max-model-len 4096" in page(
        lead, "checkpoint", starter
    )


def test_a_checkpoint_without_files_says_so(lead: Client, cast: Cast) -> None:
    row = Checkpoint.objects.create(
        project=cast.project, number=1, name="Gone", origin="upload", path="weights/gone"
    )
    found = page(lead, "checkpoint", row)
    assert "Its files are not on this server any more." in found
    assert "not on this server" in after(lead, lead.get(url("checkpoint_archive", row)))
    assert "not on this server" in after(lead, lead.post(url("checkpoint_serve", row)))


@pytest.fixture
def old_starter(cast: Cast) -> Checkpoint:
    """As earlier versions left it. Its files were a part of them."""
    lead = cast.leads[0]
    return Checkpoint.objects.create(
        project=cast.project,
        number=1,
        name="Starter model",
        origin="starter",
        path="training/starter/models/starter-sft",
        sha256="a" * 64,
        endpoint=endpoint_create(
            project=cast.project,
            actor=lead,
            name="Starter model on this machine",
            base_url="http://127.0.0.1:9/v1",
            model="starter",
        ),
        created_by=lead,
    )


def test_the_starter_of_earlier_versions_says_that_its_files_are_gone(
    lead: Client, old_starter: Checkpoint
) -> None:
    assert "Starter of earlier versions" in page(lead, "checkpoints", old_starter.project)
    found = page(lead, "checkpoint", old_starter)
    assert "This checkpoint can’t be used." in found and "not on this server any more" in found
    assert "not on this server" in after(lead, lead.get(url("checkpoint_archive", old_starter)))
    Checkpoint.objects.update(endpoint=None)
    assert "not on this server" in after(lead, lead.post(url("checkpoint_serve", old_starter)))


def test_pages_that_offer_the_starter_of_earlier_versions(
    lead: Client, old_starter: Checkpoint
) -> None:
    project, endpoint = old_starter.project, old_starter.endpoint
    assert endpoint is not None
    for name in ("generation_new", "evaluation_new"):
        assert "Starter model" in page(lead, name, project)
    assert "Starter model" not in page(lead, "training_new", project), "it has no files to train"
    form = reverse("training_new", args=[project.pk]) + f"?base={old_starter.pk}"
    assert lead.get(form).status_code == 200
    assert lead.get(reverse("endpoint", args=[project.pk, endpoint.pk])).status_code == 200


def test_deletion(lead: Client, starter: Checkpoint) -> None:
    assert "Nothing uses it. The files stay where they are." in page(lead, "checkpoint", starter)
    assert "“Starter model” was deleted." in after(
        lead, lead.post(url("checkpoint_delete", starter))
    )
    assert not Checkpoint.objects.exists()


def test_the_list_asks_as_often_for_many_as_for_two(lead: Client, cast: Cast) -> None:
    def queries(count: int) -> int:
        for n in range(count):
            starters.register(project=cast.project, actor=cast.leads[0], name=f"Model {n}")
        with CaptureQueriesContext(
            connection,
        ) as found:
            page(lead, "checkpoints", cast.project)
        return len(found)

    queries(0)
    assert queries(2) == queries(18)


@pytest.mark.parametrize(
    ("name", "where"),
    [("training_new", "Models and checkpoints"), ("generation_new", "Models and checkpoints")],
)
def test_an_empty_choice_leads_to_the_page_that_fills_it(
    lead: Client, cast: Cast, name: str, where: str
) -> None:
    found = page(lead, name, cast.project)
    assert f'href="{url("checkpoints", cast.project)}"' in found and where in found
    assert "disabled" in found
