"""`make run` on another port: the endpoints of the local model server move along."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cast
from tests.support.objects import Setting
from tests.support.rows import checkpoint
from training.models import Checkpoint
from webapp.home import demo
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_create

BEFORE, NOW = "http://127.0.0.1:8001/v1", "http://127.0.0.1:8731/v1"


@pytest.fixture(autouse=True)
def served_here(db: None, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.LLM_ALLOW_LOOPBACK, settings.LOCAL_MODEL_URL = True, BEFORE
    demo._move_endpoints()


def served(cast: Cast, base_url: str, *, elsewhere: bool = False) -> Endpoint:
    project, lead = (
        (cast.other_project, cast.stranger) if elsewhere else (cast.project, cast.leads[0])
    )
    endpoint = endpoint_create(
        project=project, actor=lead, name=f"Mine at {base_url}", base_url=base_url, model="c-1"
    )
    row = checkpoint(Setting(project, lead))
    Checkpoint.objects.filter(pk=row.pk).update(endpoint=endpoint)
    return endpoint


def test_the_endpoints_of_all_projects_move(cast: Cast, settings: Any) -> None:
    rows = [served(cast, BEFORE), served(cast, BEFORE, elsewhere=True)]
    settings.LOCAL_MODEL_URL = NOW
    demo._move_endpoints()
    found = Endpoint.objects.filter(pk__in=[row.pk for row in rows])
    assert {row.base_url for row in found} == {NOW}
    settings.LOCAL_MODEL_URL = BEFORE
    demo._move_endpoints()
    assert {row.base_url for row in found.all()} == {BEFORE}


def test_a_studio_of_an_earlier_version_was_at_the_usual_port(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    row = served(cast, BEFORE)
    (tmp_path / "local-model-url").unlink()
    settings.LOCAL_MODEL_URL = NOW
    demo._move_endpoints()
    row.refresh_from_db()
    assert row.base_url == NOW


def test_an_earlier_demo_on_another_port_tells_where_the_server_was(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    other = "http://127.0.0.1:9001/v1"
    row = served(cast, other)
    endpoint_create(
        project=cast.project, actor=cast.leads[0], name="Starter", base_url=other, model="starter"
    )
    (tmp_path / "local-model-url").unlink()
    settings.LOCAL_MODEL_URL = NOW
    demo._move_endpoints()
    row.refresh_from_db()
    assert row.base_url == NOW


def test_only_those_of_served_checkpoints_at_the_local_server_move(
    cast: Cast, settings: Any
) -> None:
    own = endpoint_create(
        project=cast.project, actor=cast.leads[0], name="Own", base_url=BEFORE, model="gpt-oss"
    )
    vllm = served(cast, "http://127.0.0.1:9000/v1")
    settings.LOCAL_MODEL_URL = NOW
    demo._move_endpoints()
    own.refresh_from_db()
    vllm.refresh_from_db()
    assert (own.base_url, vllm.base_url) == (BEFORE, "http://127.0.0.1:9000/v1")
