"""A worker killed in the middle of a download: what is here is not asked for again."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as studio
from django.test import override_settings

from tests.conftest import Cast
from tests.support.servers import serve
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_held,
    kill_when,
    start_worker,
)
from tests.training.checkpoints.hubs import REPO, Hub
from tests.training.checkpoints.models import model, safetensors
from training.checkpoints import services, work
from training.models import Checkpoint, ModelFetch
from webapp.files.folders import run_folder
from webapp.runs import services as runs

WORK = "tests.training.checkpoints.test_kill:work_here"
HELD = "tests.training.checkpoints.test_kill:work_and_hold"
MIB = 2**20
CONTENT = safetensors(MIB)


def work_here(run_id: str) -> None:
    """With the test's own hub and folders."""
    studio.HUB_URL, studio.VAR_DIR = os.environ["HUB"], Path(os.environ["RUNS_IN"])
    studio.LLM_ALLOW_LOOPBACK = True
    work.work(run_id)


def work_and_hold(run_id: str) -> None:
    """What the killed workers do: held in the transaction after the first with a checkpoint."""
    run = ModelFetch.objects.get(pk=run_id)
    hold_after(lambda: sum(run.files.values_list("received", flat=True)))
    work_here(run_id)


@pytest.fixture
def hub(settings: Any) -> Iterator[Hub]:
    settings.LLM_ALLOW_LOOPBACK = True
    hub = Hub(model(model__safetensors=CONTENT))
    with serve(hub.app) as url:
        settings.HUB_URL = url.removesuffix("/v1")
        yield hub


def environment() -> dict[str, str]:
    return {"HUB": studio.HUB_URL, "RUNS_IN": str(studio.VAR_DIR)}


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_a_killed_download_goes_on_at_its_byte(cast: Cast, hub: Hub) -> None:
    run = services.fetch_start(
        project=cast.project, actor=cast.leads[0], key="k", name="Tiny", repo=REPO
    )

    def received() -> int:
        found = run.files.filter(name="model.safetensors").first()
        return found.received if found else 0

    with override_settings(RUN_LEASE_S=LEASE_S):
        # In the middle of a file.
        hub.stops["model.safetensors"] = 2 * MIB
        worker = start_worker(WORK, run.pk, **environment())
        kill_when(worker, lambda: received() == 2 * MIB)
        wait_until(lambda: runs.reap() == 1, "the lease to run out")
        hub.stops.clear()
        # With the checkpoint written and not committed.
        whole = sum(len(content) for content in hub.files.values())
        kill_held(HELD, run.pk, HOLD_AFTER=str(whole), **environment())
        assert not Checkpoint.objects.exists()
        wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk, **environment()))

    run.refresh_from_db()
    assert (run.status, run.attempt, run.checkpoint) == ("succeeded", 3, Checkpoint.objects.get())
    assert (run_folder(run.pk) / work.MODEL / "model.safetensors").read_bytes() == CONTENT
    asked = [header for name, header in hub.asked if name == "model.safetensors"]
    assert asked == [None, f"bytes={2 * MIB}-"]
    assert len(hub.headers) == 1, "the list of files is asked for once"
