"""A new project has a model and a server."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.conftest import Cast
from tests.support.locks import until_waiting
from training.checkpoints import services
from training.models import Checkpoint
from webapp.accounts.services import projects
from webapp.llm.models import Endpoint


def test_a_new_project_has_a_model_and_a_server(cast: Cast, settings: Any) -> None:
    project = projects.create_project(actor=cast.admin, name="New")
    row = Checkpoint.objects.get(project=project)
    assert row.origin == "starter"
    assert (row.endpoint.model, row.endpoint.base_url) == ("starter", settings.LOCAL_MODEL_URL)
    assert services.starter_add(project=project, actor=cast.admin) == row


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_starter_at_once_get_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = services.checkpoint_register

    def add() -> Checkpoint:
        try:
            return services.starter_add(project=cast.project, actor=cast.leads[0])
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        seconds: list[Future[Checkpoint]] = []

        def register_while_another_waits(**arguments: Any) -> Checkpoint:
            if not seconds:
                seconds.append(pool.submit(add))
                until_waiting()
            return register(**arguments)

        monkeypatch.setattr(services, "checkpoint_register", register_while_another_waits)
        assert add() == seconds[0].result()
    assert Checkpoint.objects.count() == 1


def test_a_new_project_without_a_local_server_has_the_model(cast: Cast, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK = False
    project = projects.create_project(actor=cast.admin, name="New")
    assert Checkpoint.objects.get(project=project).endpoint is None
    assert not Endpoint.objects.filter(project=project).exists()
