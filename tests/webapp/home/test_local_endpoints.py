"""`make run` on another port: the endpoints of the local model server move along."""

from typing import Any

from tests.conftest import Cast
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
