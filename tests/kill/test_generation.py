"""A worker killed while dialogues are written: exactly what was planned, none twice."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from annotation.models import Dialogue, GenerationRun, Turn
from annotation.work import generation
from tests.conftest import Cast
from tests.generation.scripted import corpus, endpoint, planned, speak, written
from tests.kill.worker import LEASE_S, finish, kill_when, start_worker
from tests.llm.servers import Stub, answer, serve
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs

DIALOGUES, EXCHANGES = 24, 2
TURNS = DIALOGUES * EXCHANGES * 2
WORK = "annotation.work.generation:work"


@pytest.fixture
def voice(cast: Cast) -> Iterator[Endpoint]:
    """Slow enough to die in the middle."""
    import asyncio

    async def slowly(body: dict[str, Any], count: int) -> Any:
        await asyncio.sleep(0.15)
        return answer(speak(body))

    with serve(Stub(slowly).app) as url:
        yield endpoint(cast, url)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed_after", [[5], [20, 50]])
def test_exactly_the_planned_dialogues_are_written(
    cast: Cast, voice: Endpoint, killed_after: list[int]
) -> None:
    corpus(cast)
    undisturbed = planned(cast, voice, count=DIALOGUES, exchanges=EXCHANGES)
    generation.work(str(undisturbed.pk))
    run = planned(cast, voice, count=DIALOGUES, exchanges=EXCHANGES)
    with override_settings(RUN_LEASE_S=LEASE_S):
        for turns in killed_after:
            worker = start_worker(WORK, run.pk)
            kill_when(worker, lambda turns=turns: turns_of(run) >= turns)  # type: ignore[misc]
            assert turns_of(run) < TURNS
            time.sleep(LEASE_S * 1.1)
            assert runs.reap() == 1
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", len(killed_after) + 1)
    dialogues = Dialogue.objects.filter(source_key__startswith=f"{run.pk}:")
    assert sorted(dialogues.values_list("source_key", flat=True)) == sorted(
        f"{run.pk}:{position}" for position in range(DIALOGUES)
    )
    assert dialogues.filter(sealed_at=None).count() == 0
    # Not only the same places: the seeds derive from the items, so the words are the same too.
    assert written(run) == written(undisturbed)
    assert ModelCall.objects.filter(run_id=run.pk).count() == TURNS


def turns_of(run: GenerationRun) -> int:
    return Turn.objects.filter(dialogue__generation_item__run=run).count()
