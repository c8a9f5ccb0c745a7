"""A worker killed while an evaluation answers and rates: the same rows as an undisturbed one."""

import pytest
from django.test import override_settings

from annotation.judge_runs import pipeline
from tests.conftest import Cast
from tests.support.evaluations import model, planned, prompts, rated_corpus, warm
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_after,
    start_worker,
)
from training.evaluation import answering, rating, work
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.llm.models import ModelCall
from webapp.runs import services as runs

PROMPTS = 12
WORK = "tests.training.evaluation.test_kill:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short set has many places to die at."""
    answering.CHUNK = rating.CHUNK = pipeline.MAX_UNWRITTEN = 2
    pipeline.WRITE_EVERY_S = 0.01
    run = EvaluationRun.objects.get(pk=run_id)
    hold_after(lambda: done(run))
    work.work(run_id)


def done(run: EvaluationRun) -> int:
    answers = Answer.objects.filter(system__run=run, target__isnull=False).count()
    return answers + AnswerRating.objects.filter(answer__system__run=run).count()


def kept(run: EvaluationRun) -> list[tuple]:
    """Everything that was found, by its natural keys."""
    rows = Answer.objects.filter(system__run=run).order_by("system__position", "position")
    return list(
        rows.values_list(
            "system__name", "position", "raw", "target", "format", "ratings__judge",
            "ratings__rating__scores__criterion_uid", "ratings__rating__scores__value",
        ).order_by("system__position", "position", "ratings__rating__scores__criterion_uid")
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_is_there_twice(cast: Cast) -> None:
    version, judge = rated_corpus(cast)
    collection = prompts(cast, PROMPTS)
    with model(cast, "Warm", warm) as (warm_at, _):
        undisturbed = planned(cast, collection, version, [judge], [warm_at])
        work.work(str(undisturbed.pk))
        run = planned(cast, collection, version, [judge], [warm_at])
        with override_settings(RUN_LEASE_S=LEASE_S):
            # In the middle of the answers, then in the middle of the ratings.
            for count in (7, 2 * PROMPTS + 5):
                kill_after(WORK, run.pk, lambda: done(run), count)
                assert done(run) < 4 * PROMPTS
                wait_until(lambda: runs.reap() == 1, "the lease to run out")
        finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 3)
    assert done(run) == 4 * PROMPTS
    assert kept(run) == kept(undisturbed)
    # What was asked and not kept is asked again; what was kept is not.
    asked = ModelCall.objects.filter(run_id=run.pk, purpose="supporter").count()
    assert asked == PROMPTS
