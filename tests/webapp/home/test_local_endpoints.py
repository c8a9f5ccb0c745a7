"""`make run` on another port: the endpoints of the local model server move along."""

from typing import Any

from tests.conftest import Cast
from training.checkpoints.services import starter_add
from training.models import Checkpoint
from webapp.home import demo
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_create, endpoint_create_local


def test_the_endpoints_of_all_projects_move(cast: Cast, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK, settings.LOCAL_MODEL_URL = True, "http://127.0.0.1:8001/v1"
    lead, elsewhere = cast.leads[0], "http://127.0.0.1:9000/v1"
    endpoint_create_local(project=cast.project, actor=lead)
    endpoint_create_local(project=cast.other_project, actor=cast.stranger)
    endpoint_create(
        project=cast.project, actor=lead, name="vLLM", base_url=elsewhere, model="starter-large"
    )
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:8731/v1"
    demo._endpoint(cast.project, lead)
    addresses = Endpoint.objects.order_by("base_url").values_list("base_url", flat=True)
    assert list(addresses) == [settings.LOCAL_MODEL_URL, settings.LOCAL_MODEL_URL, elsewhere]


def test_only_the_starter_and_served_checkpoints_move(cast: Cast, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK, settings.LOCAL_MODEL_URL = True, "http://127.0.0.1:8001/v1"
    here, lead = settings.LOCAL_MODEL_URL, cast.leads[0]
    project = cast.project
    endpoint_create_local(project=project, actor=lead)
    served = endpoint_create(project=project, actor=lead, name="Mine", base_url=here, model="c-1")
    own = endpoint_create(project=project, actor=lead, name="Own", base_url=here, model="gpt-oss")
    starter_add(project=project, actor=lead)
    Checkpoint.objects.update(endpoint=served)
    settings.LOCAL_MODEL_URL = "http://127.0.0.1:8731/v1"
    demo._endpoint(project, lead)
    served.refresh_from_db()
    own.refresh_from_db()
    assert (served.base_url, own.base_url) == (settings.LOCAL_MODEL_URL, here)


def test_a_starter_on_another_machine_stays_there(cast: Cast, settings: Any) -> None:
    away = "https://models.example.org/v1"
    Endpoint.objects.create(project=cast.project, name="Away", base_url=away, model="starter")
    demo._endpoint(cast.project, cast.leads[0])
    assert Endpoint.objects.get().base_url == away
