"""A new project begins without a model: its lead chooses one."""

from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.pages import html_of
from training.models import Checkpoint
from webapp.accounts.services import projects
from webapp.llm.models import Endpoint


def test_a_new_project_has_no_model_and_offers_one(client: Client, cast: Cast) -> None:
    project = projects.create_project(actor=cast.admin, name="New")
    assert not Checkpoint.objects.exists() and not Endpoint.objects.exists()
    client.force_login(cast.admin)
    found = html_of(client.get(reverse("checkpoints", args=[project.pk])))
    assert "No models yet" in found and "Add Kardia small" in found
