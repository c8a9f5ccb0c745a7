"""A worker killed in the middle of an impact preview: the same rows as an undisturbed one."""

from typing import Any

import pytest
from django.test import override_settings

from annotation.impact import work
from annotation.models import DraftScore, ImpactRun
from rubrics.models import Judge
from rubrics.writing.services import draft_open
from tests.conftest import Cast
from tests.support.impact import RUBRIC, everything, previewed, reworded
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
from webapp.runs import services as runs

TEXTS, CHUNK = 40, 4
# Format, warmth by two wordings, the question: what a text is read for.
PASSES = 4
WORK = "tests.annotation.impact.test_kill:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short sample has many places to die at."""
    work.CHUNK = CHUNK
    run = ImpactRun.objects.get(pk=run_id)
    hold_after(lambda: scores(run.judge))
    work.work(ImpactRun, run_id)


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_the_rows_are_those_of_an_undisturbed_run(cast: Cast) -> None:
    version = version_of(cast, RUBRIC)
    rated(cast, texts(cast, TEXTS), version)
    # Two judges fitted alike, so that neither run finds the other's scores to use again.
    judge, twin = learned_judge(cast, version), learned_judge(cast, version)
    draft = reworded(cast, draft_open(rubric=version.rubric, actor=cast.clinicians[0]))
    sample = f"set:{everything(cast).pk}"
    undisturbed = previewed(cast, draft, judge, sample)
    work.work(ImpactRun, str(undisturbed.pk))
    run = previewed(cast, draft, twin, sample)
    with override_settings(RUN_LEASE_S=LEASE_S):
        # In the middle of a chunk: after one of its passes, and after two.
        for chunks, passes in ((1, 1), (5, 2)):
            count = CHUNK * (chunks * PASSES + passes)
            kill_after(WORK, run.pk, lambda: scores(twin), count)
            assert (done(run), scores(twin)) == (chunks * CHUNK, count)
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert done(run) == TEXTS
    assert rows(twin) == rows(judge)
    assert scores(twin) == TEXTS * PASSES


def done(run: ImpactRun) -> int:
    return run.items.exclude(state="waiting").count()


def scores(judge: Judge) -> int:
    return DraftScore.objects.filter(judge=judge).count()


def rows(judge: Judge) -> list[tuple[Any, ...]]:
    found = DraftScore.objects.filter(judge=judge).values_list(
        "target", "criterion_uid", "pass_hash", "status", "value", "rationale"
    )
    return sorted(found, key=repr)
