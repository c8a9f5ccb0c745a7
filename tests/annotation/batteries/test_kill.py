"""A worker killed in the middle of the battery: the same report as an undisturbed run."""

import pytest
from django.test import override_settings

from annotation.batteries import cases
from annotation.batteries import work as trying
from annotation.judge_runs import pipeline
from annotation.models import BatteryRun
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.batteries import battery_run, judged, scores_of, tried
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

WORK = "tests.annotation.batteries.test_kill:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that there are many places to die at."""
    trying.CHUNK = pipeline.MAX_UNWRITTEN = 16
    pipeline.WRITE_EVERY_S = 0.01
    run = BatteryRun.objects.get(pk=run_id)
    hold_after(lambda: judged(run))
    trying.work(run_id)


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_the_report_is_that_of_an_undisturbed_run(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    judge = learned_judge(cast, version)
    undisturbed = tried(cast, judge, version)
    run = battery_run(cast, judge, version)
    with override_settings(RUN_LEASE_S=LEASE_S):
        for items in (16, 64):
            kill_after(WORK, run.pk, lambda: judged(run), items)
            assert judged(run) < len(cases.battery())
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert judged(run) == len(cases.battery())
    assert JudgeCall.objects.filter(run_id=run.pk).count() == len(cases.battery())
    assert scores_of(run) == scores_of(undisturbed)
    assert run.report == undisturbed.report
