"""The local model server finds a checkpoint under the name that its endpoint has."""

from typing import Any

import pytest

from tests.conftest import Cast
from training.checkpoints import services
from training.paths import served_folder

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_it_answers_by_the_name_of_the_endpoint(cast: Cast, settings: Any) -> None:
    from webapp.llm.local.store import ModelStore

    settings.LLM_ALLOW_LOOPBACK = True
    lead = cast.leads[0]
    store = ModelStore({}, served_folder(), keep=1)
    row = services.starter_add(project=cast.project, actor=lead)
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    served = store.get(endpoint.model)
    assert served.encode_chat([{"role": "user", "content": "I can not sleep."}])
