"""A worker killed while it judges: the same rows and values as an undisturbed run."""

from typing import Any

import pytest
from django.test import override_settings

from annotation.judge_runs import fitting, pipeline
from annotation.judge_runs import work as judging
from annotation.models import JudgeItem, JudgeRun, Rating, Score
from rubrics.models import Judge, JudgeCall
from tests.conftest import Cast
from tests.support.judge_runs import (
    fit_run,
    judge_run,
    learned_judge,
    rated,
    snapshot,
    texts,
    values,
    version_of,
)
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    hold_until_killed,
    kill_after,
    kill_held,
    start_worker,
)
from webapp.runs import live
from webapp.runs import services as runs

TEXTS = 60
WORK = "tests.annotation.judge_runs.test_kill:work_in_small_chunks"
FIT = "tests.annotation.judge_runs.test_kill:fit_and_hold"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short set has many places to die at."""
    judging.CHUNK = pipeline.MAX_UNWRITTEN = 4
    pipeline.WRITE_EVERY_S = 0.01
    run = JudgeRun.objects.get(pk=run_id)
    hold_after(lambda: judged(run))
    judging.work(run_id)


def fit_and_hold(run_id: str) -> None:
    """Hold the fit with its judge written and not committed."""
    keep = fitting._keep

    def hold(topic: str) -> None:
        hold_until_killed()

    def keep_and_hold(*args: Any, **kwargs: Any) -> None:
        live.publish = hold
        keep(*args, **kwargs)

    fitting._keep = keep_and_hold
    fitting.work(run_id)


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed_after", [[4], [8, 24, 40]])
def test_the_values_are_those_of_an_undisturbed_run(cast: Cast, killed_after: list[int]) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, TEXTS), version)
    # Two judges fitted alike, so that neither run finds the other's ratings to use again.
    judge, twin = learned_judge(cast, version), learned_judge(cast, version)
    frozen = snapshot(cast)
    undisturbed = judge_run(cast, version, judge, frozen)
    judging.work(str(undisturbed.pk))
    run = judge_run(cast, version, twin, frozen)
    with override_settings(RUN_LEASE_S=LEASE_S):
        for items in killed_after:
            kill_after(WORK, run.pk, lambda: judged(run), items)
            assert judged(run) < TEXTS
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", len(killed_after) + 1)
    assert judged(run) == TEXTS
    assert Rating.objects.filter(rater__judge=twin).count() == TEXTS
    assert JudgeCall.objects.filter(run_id=run.pk).count() == TEXTS
    assert values(run) == values(undisturbed)
    assert rationales(twin) == rationales(judge)


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_a_killed_fit_makes_one_judge_and_the_same(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    undisturbed = learned_judge(cast, version)
    run = fit_run(cast, version)
    with override_settings(RUN_LEASE_S=LEASE_S):
        kill_held(FIT, run.pk)
        run.refresh_from_db()
        assert (run.status, run.judge, Judge.objects.count()) == ("running", None, 1)
        wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker("annotation.judge_runs.fitting:work", run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 2) and run.judge is not None
    assert Judge.objects.count() == 2
    assert run.judge.hash == undisturbed.hash
    assert run.judge.artefact == undisturbed.artefact


def judged(run: JudgeRun) -> int:
    return run.items.filter(state=JudgeItem.State.DONE).count()


def rationales(judge: Judge) -> list[tuple[Any, ...]]:
    scores = Score.objects.filter(rating__rater__judge=judge)
    return sorted(
        scores.values_list("rating__target", "criterion_uid", "rationale", "evidence__quote"),
        key=repr,
    )
