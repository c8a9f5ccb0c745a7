"""A worker killed while a difficulty run replies and judges: the same rows as undisturbed."""

import pytest
from django.test import override_settings

from annotation.difficulty import answering, judging, work
from annotation.judge_runs import pipeline
from annotation.models import DifficultyReply, DifficultyRun
from tests.conftest import Cast
from tests.support.difficulty import everything, mixed, planned
from tests.support.evaluations import model
from tests.support.judge_runs import learned_judge, rated, texts, version_of
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_after,
    start_worker,
)
from webapp.llm.models import ModelCall
from webapp.runs import services as runs

PROMPTS = 6
K = 3
WORK = "tests.annotation.difficulty.test_kill:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short set has many places to die at."""
    answering.CHUNK = judging.CHUNK = judging.LOT = pipeline.MAX_UNWRITTEN = 2
    pipeline.WRITE_EVERY_S = 0.01
    run = DifficultyRun.objects.get(pk=run_id)
    hold_after(lambda: done(run))
    work.work(run_id)


def done(run: DifficultyRun) -> int:
    replies = DifficultyReply.objects.filter(prompt__run=run)
    return replies.filter(target__isnull=False).count() + replies.exclude(verdict="").count()


def kept(run: DifficultyRun) -> list[tuple]:
    """Everything that was found, by its natural keys."""
    rows = DifficultyReply.objects.filter(prompt__run=run)
    return list(
        rows.values_list(
            "prompt__position", "number", "raw", "target", "verdict", "error", "prompt__p_fail",
            "prompt__judged", "rating__scores__criterion_uid", "rating__scores__value",
        ).order_by("prompt__position", "number", "rating__scores__criterion_uid")
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_is_there_twice(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast), version)
    # Two judges fitted alike, so that neither run finds the other's ratings to use again.
    judge, twin = learned_judge(cast, version), learned_judge(cast, version)
    collection = everything(cast)
    with model(cast, "Mixed", mixed) as (mixed_at, _):
        fields = {"prompts": PROMPTS, "replies": K}
        undisturbed = planned(cast, collection, version, judge, mixed_at, **fields)
        work.work(str(undisturbed.pk))
        run = planned(cast, collection, version, twin, mixed_at, **fields)
        with override_settings(RUN_LEASE_S=LEASE_S):
            # In the middle of the replies, then in the middle of the verdicts.
            for count in (7, PROMPTS * K + 4):
                kill_after(WORK, run.pk, lambda: done(run), count)
                assert done(run) < 2 * PROMPTS * K
                wait_until(lambda: runs.reap() == 1, "the lease to run out")
        finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert done(run) == 2 * PROMPTS * K
    assert kept(run) == kept(undisturbed)
    assert run.prompts.exclude(p_fail=None).count() == PROMPTS
    # What was asked and not kept is asked again; what was kept is not.
    assert ModelCall.objects.filter(run_id=run.pk, purpose="supporter").count() == PROMPTS * K
