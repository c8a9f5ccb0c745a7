"""The local model server finds a checkpoint under the name that its endpoint has."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cast
from tests.support import starter
from tests.training.small.packages import needs_the_package
from training.checkpoints import adding, services, work
from training.paths import served_folder
from training.small.models import PUBLISHED

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_it_answers_by_the_name_of_the_endpoint(cast: Cast, settings: Any) -> None:
    from webapp.llm.local.store import ModelStore

    settings.LLM_ALLOW_LOOPBACK = True
    lead = cast.leads[0]
    store = ModelStore({}, served_folder(), keep=1)
    row = starter.register(project=cast.project, actor=lead)
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    served = store.get(endpoint.model)
    assert served.encode_chat([{"role": "user", "content": "I can not sleep."}])


@needs_the_package
@pytest.mark.timeout(300)
def test_the_small_model_is_converted_and_speaks(
    cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.llm.local.generation import Batch, Row, Sampling
    from webapp.llm.local.store import ModelStore

    settings.VAR_DIR, settings.LLM_ALLOW_LOOPBACK = tmp_path, True
    # The package may lie in a folder that only this process knows.
    monkeypatch.setattr(adding, "PASSED_ON", (*adding.PASSED_ON, "PYTHONPATH"))
    lead = cast.leads[0]
    run = services.small_model_start(project=cast.project, actor=lead, key="small", model=PUBLISHED)
    work.work(str(run.pk))
    run.refresh_from_db()
    assert run.checkpoint is not None, run.error
    endpoint = services.checkpoint_serve(checkpoint=run.checkpoint, actor=lead)
    served = ModelStore({}, served_folder(), keep=1).get(endpoint.model)
    prompt = served.encode_chat([{"role": "user", "content": "What is the capital of France?"}])
    answer, batch = Row(served, prompt, Sampling(24, temperature=0)), Batch(served)
    batch.join([answer])
    while batch.rows:
        batch.step()
    assert "Paris" in answer.text
