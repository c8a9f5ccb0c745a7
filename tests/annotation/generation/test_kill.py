"""A worker killed while dialogues are written: exactly what was planned, none twice."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from annotation.generation import work as generation
from annotation.models import Dialogue, GenerationRun, Turn
from tests.conftest import Cast
from tests.support.generation import corpus, planned, served, stub, written
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_after,
    start_worker,
)
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs

DIALOGUES, EXCHANGES = 24, 2
TURNS = DIALOGUES * EXCHANGES * 2
WORK = "tests.annotation.generation.test_kill:work"


def work(run_id: str) -> None:
    """What the killed workers do: each turn is a transaction, a place to die at."""
    run = GenerationRun.objects.get(pk=run_id)
    hold_after(lambda: turns_of(run))
    generation.work(run_id)


@pytest.fixture
def voice(cast: Cast) -> Iterator[Endpoint]:
    with served(cast, stub()) as voice:
        yield voice


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
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
            kill_after(WORK, run.pk, lambda: turns_of(run), turns)
            assert turns_of(run) < TURNS
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
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
