"""A worker killed in the middle of an impact preview: the same rows as an undisturbed one."""

import time
from typing import Any

import pytest
from django.test import override_settings

from annotation.impact import work
from annotation.models import ImpactRun, TrialScore
from rubrics.judging.learned import LearnedJudge
from rubrics.models import Judge
from rubrics.services import draft_open
from tests.conftest import Cast
from tests.impact.builders import RUBRIC, everything, previewed, reworded
from tests.judging.builders import learned_judge, rated, texts, version_of
from tests.kill.worker import LEASE_S, finish, kill_when, start_worker
from webapp.runs import services as runs

TEXTS = 40
WORK = "tests.kill.test_impact:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short sample has many places to die at."""
    work.CHUNK = 4
    score = LearnedJudge.score

    async def slowly(self: LearnedJudge, *args: Any) -> Any:
        time.sleep(0.05)
        return await score(self, *args)

    LearnedJudge.score = slowly  # type: ignore[method-assign]
    work.work(ImpactRun, run_id)


@pytest.mark.slow
@pytest.mark.timeout(1800)
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
        for items in (4, 20):
            worker = start_worker(WORK, run.pk)
            kill_when(worker, lambda items=items: done(run) >= items)  # type: ignore[misc]
            assert done(run) < TEXTS
            time.sleep(LEASE_S * 1.1)
            assert runs.reap() == 1
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert done(run) == TEXTS
    assert rows(twin) == rows(judge)
    # Format, warmth by two wordings, the question: each text once.
    assert TrialScore.objects.filter(judge=twin).count() == TEXTS * 4


def done(run: ImpactRun) -> int:
    return run.items.exclude(state="waiting").count()


def rows(judge: Judge) -> list[tuple[Any, ...]]:
    found = TrialScore.objects.filter(judge=judge).values_list(
        "target", "criterion_uid", "reading", "status", "value", "rationale"
    )
    return sorted(found, key=repr)
