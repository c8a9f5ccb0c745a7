"""Runs that wait for something that does not answer: no worker waits with them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.runs import log, start, wait_is_over
from webapp.ids import new_id
from webapp.runs import services as runs
from webapp.runs.models import Run, Status
from webapp.runs.work import RunFailed, Waits, claimed

pytestmark = pytest.mark.django_db

NEED = new_id()
MOST = 2


def ends_in(run: Run, error: RunFailed) -> str:
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        raise error
    run.refresh_from_db()
    return run.status


def waiting(need: UUID = NEED) -> Waits:
    return Waits("It keeps failing.", need=need, seconds=30, most=MOST)


def test_a_run_that_waits_is_in_the_queue_and_nobody_takes_it_before_its_time(cast: Cast) -> None:
    run = start(cast)
    before = timezone.now()
    assert ends_in(run, waiting()) == Status.PENDING
    assert (run.claim, run.error, run.waits, run.waits_for) == (None, "", 1, NEED)
    assert run.waits_until is not None and run.waits_until >= before + timedelta(seconds=30)
    assert runs.claim(FitRun, run.pk) is None
    wait_is_over(run)
    taken = runs.claim(FitRun, run.pk)
    assert taken is not None and taken.waits_until is None and taken.waits == 1


def test_the_reaper_wakes_it_when_its_time_has_come(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = start(cast)
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        ends_in(run, waiting())
        FitRun.objects.update(
            heartbeat_at=timezone.now() - timedelta(seconds=runs.WAKE_AGAIN_S + 1)
        )
        runs.reap()
    assert sent == []
    wait_is_over(run)
    with django_capture_on_commit_callbacks(execute=True):
        runs.reap()
    assert sent == [str(run.pk)]


def test_after_too_many_waits_in_a_row_it_fails_with_the_reason(cast: Cast) -> None:
    run = start(cast)
    # Whatever it waits for: with two servers that are down it ends as well.
    for need in (NEED, new_id()):
        assert ends_in(run, waiting(need)) == Status.PENDING
        wait_is_over(run)
    assert ends_in(run, waiting()) == Status.FAILED
    assert run.error == "It keeps failing."
    runs.resume(run, actor=cast.leads[0])
    assert (run.status, run.waits, run.waits_for) == (Status.PENDING, 0, None)
    assert ends_in(run, waiting()) == Status.PENDING


def test_waits_are_counted_anew_when_what_it_waited_for_answers(cast: Cast) -> None:
    run = start(cast)
    ends_in(run, waiting())
    wait_is_over(run)
    taken = runs.claim(FitRun, run.pk)
    assert taken is not None
    runs.wait_is_over(taken, need=new_id())
    run.refresh_from_db()
    assert run.waits == 1
    runs.wait_is_over(taken, need=NEED)
    run.refresh_from_db()
    assert (run.waits, run.waits_for) == (0, None)


def test_a_run_that_a_person_stops_does_not_wait(cast: Cast) -> None:
    run = start(cast)
    with claimed(FitRun, run.pk):
        runs.cancel(run, actor=cast.leads[0])
        raise waiting()
    run.refresh_from_db()
    assert run.status == Status.CANCELLED


def test_a_run_that_waits_can_be_stopped_at_once(cast: Cast) -> None:
    run = start(cast)
    ends_in(run, waiting())
    runs.cancel(run, actor=cast.leads[0])
    assert run.status == Status.CANCELLED
    assert log(run)[-1] == ("pending", "cancelled")


def test_a_worker_that_lost_the_run_gives_nothing_back(cast: Cast) -> None:
    run = start(cast)
    held = runs.claim(FitRun, run.pk)
    assert held is not None
    assert not runs.wait(run, claim=new_id(), need=NEED, seconds=30, most=MOST, reason="Lost.")
    run.refresh_from_db()
    assert (run.status, run.claim, run.waits) == (Status.RUNNING, held.claim, 0)
