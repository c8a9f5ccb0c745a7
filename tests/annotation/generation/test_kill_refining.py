"""A worker killed inside turns that are half refined: the same attempts, turns and drops."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from annotation.generation import work as generation
from annotation.models import Attempt, GenerationRun, Turn
from tests.conftest import Cast
from tests.support.generation import corpus, served, written
from tests.support.refinement import attempts, critic, planned, script
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

DIALOGUES, EXCHANGES = 12, 2
WORK = "tests.annotation.generation.test_kill_refining:work"


def work(run_id: str) -> None:
    """What the killed workers do: each attempt and each verdict is a transaction."""
    run = GenerationRun.objects.get(pk=run_id)
    hold_after(lambda: steps_of(run))
    generation.work(run_id)


def steps_of(run: GenerationRun) -> int:
    """Turns, attempts and verdicts that are committed."""
    tried = Attempt.objects.filter(dialogue__generation_item__run=run)
    turns = Turn.objects.filter(dialogue__generation_item__run=run, role="seeker")
    return turns.count() + tried.count() + tried.exclude(verdict="waiting").count()


def third_passes_or_none(number: int, body: dict[str, Any]) -> tuple[int, int]:
    """Some turns never pass; which ones is decided by their seeds."""
    seeds = re.findall(rf"Try {number} by (\d+)", body["messages"][-1]["content"])
    return (4, 4) if number == 3 and int(seeds[-1]) % 5 else (2, 4)


@pytest.fixture
def voice(cast: Cast) -> Iterator[Endpoint]:
    with served(cast, script(third_passes_or_none)) as voice:
        yield voice


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed_after", [[40], [15, 75]])
def test_the_same_attempts_are_there_after_a_kill(
    cast: Cast, voice: Endpoint, killed_after: list[int]
) -> None:
    corpus(cast)
    choice = critic(cast, voice, revisions=2)
    fields: dict[str, Any] = {"critic": choice, "count": DIALOGUES, "exchanges": EXCHANGES}
    undisturbed = planned(cast, voice, **fields)
    generation.work(str(undisturbed.pk))
    run = planned(cast, voice, **fields)
    with override_settings(RUN_LEASE_S=LEASE_S):
        for steps in killed_after:
            kill_after(WORK, run.pk, lambda: steps_of(run), steps)
            assert half_refined(run)
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", len(killed_after) + 1)
    assert attempts(run) == attempts(undisturbed)
    assert written(run) == written(undisturbed)
    assert ends(run) == ends(undisturbed)
    assert {state for state, _ in ends(run)} == {"done", "dropped"}
    calls = ModelCall.objects.order_by()
    assert calls.filter(run_id=run.pk).count() == calls.filter(run_id=undisturbed.pk).count()


def half_refined(run: GenerationRun) -> bool:
    """Whether a turn has attempts and none of them is accepted."""
    tried = Attempt.objects.filter(dialogue__generation_item__run=run)
    places = set(tried.values_list("dialogue", "position"))
    accepted = tried.filter(verdict__in=Attempt.ACCEPTED)
    return bool(places - set(accepted.values_list("dialogue", "position")))


def ends(run: GenerationRun) -> list[tuple[str, str]]:
    return list(run.items.order_by("position").values_list("state", "drop_reason"))
