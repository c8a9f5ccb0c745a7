"""The reaper: runs of silent workers, workers that die, and messages that are lost."""

from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.runs import silent, start
from webapp.ids import new_id
from webapp.runs import queue, registry
from webapp.runs import services as runs
from webapp.runs.models import Status, Transition

pytestmark = pytest.mark.django_db


def test_the_reaper_takes_a_run_from_a_silent_worker(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    run = start(cast)
    runs.claim(FitRun, run.pk)
    assert runs.reap() == 0
    silent(run)
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.reap() == 1
    run.refresh_from_db()
    assert (run.status, run.claim) == (Status.PENDING, None)
    assert sent == [str(run.pk)]
    assert Transition.objects.filter(run_id=run.pk).order_by("id").last().actor is None  # type: ignore[union-attr]


def test_the_reaper_stops_what_a_person_asked_to_stop(cast: Cast) -> None:
    run = start(cast)
    runs.claim(FitRun, run.pk)
    runs.cancel(run, actor=cast.leads[0])
    silent(run)
    assert runs.reap() == 1
    run.refresh_from_db()
    assert run.status == Status.CANCELLED and run.ended_at is not None


def test_a_worker_that_is_stopped_gives_its_run_back(cast: Cast) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None
    assert runs.release(run, claim=claimed.claim, reason="Stopped.")
    assert not runs.release(run, claim=claimed.claim, reason="Stopped.")
    run.refresh_from_db()
    assert (run.status, run.claim) == (Status.PENDING, None)


def test_a_run_that_waits_is_asked_for_again_but_not_at_every_reap(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    run = start(cast)
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        runs.reap()
    assert sent == []
    long_ago = timezone.now() - timedelta(seconds=runs.WAKE_AGAIN_S + 1)
    FitRun.objects.filter(pk=run.pk).update(heartbeat_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        runs.reap()
        runs.reap()
    assert sent == [str(run.pk)]


def test_the_queue_of_busy_workers_does_not_fill_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    broker = Celery(broker="memory://", set_as_current=False)
    broker.conf.task_default_queue = new_id().hex
    monkeypatch.setattr(queue, "current_app", broker)
    name = broker.conf.task_default_queue

    def reap_much_later() -> int:
        long_ago = timezone.now() - timedelta(seconds=runs.WAKE_AGAIN_S + 1)
        FitRun.objects.update(heartbeat_at=long_ago)
        with django_capture_on_commit_callbacks(execute=True):
            runs.reap()
        with broker.connection_for_write() as connected, connected.channel() as channel:
            return int(channel.queue_declare(name).message_count)

    start(cast)
    assert [reap_much_later() for _ in range(3)] == [1, 1, 1]
    # A worker took the message, and the run still waits.
    with broker.connection_for_write() as connected, connected.channel() as channel:
        channel.queue_purge(name)
    assert reap_much_later() == 1


@pytest.mark.slow
def test_the_reaper_works_while_the_broker_is_away(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Celery(broker="redis+socket:///tmp/nobody-listens-here.sock", set_as_current=False)
    monkeypatch.setattr(queue, "current_app", away)
    start(cast)
    long_ago = timezone.now() - timedelta(seconds=runs.WAKE_AGAIN_S + 1)
    FitRun.objects.update(heartbeat_at=long_ago)
    assert runs.reap() == 0
    assert FitRun.objects.get().heartbeat_at == long_ago


# ---- limits


def test_a_run_over_which_workers_die_waits_for_a_person(cast: Cast, sent: list[str]) -> None:
    run = start(cast)
    for _ in range(2):
        for deaths in range(1, runs.MAX_DEATHS + 1):
            assert runs.claim(FitRun, run.pk) is not None
            silent(run)
            assert runs.reap() == 1
            run.refresh_from_db()
            assert run.status == ("pending" if deaths < runs.MAX_DEATHS else "failed")
        assert "Stopped after 5 attempts. Each time its worker died" in run.error
        assert run.ended_at is not None
        # A person lets it go on, and it has all its attempts again.
        runs.resume(run, actor=cast.leads[0])
        assert (run.status, run.error) == ("pending", "")


def test_deaths_of_other_days_are_not_counted(
    cast: Cast, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.runs.services.DEATHS_WITHIN", timedelta(0))
    run = start(cast)
    for _ in range(runs.MAX_DEATHS + 1):
        assert runs.claim(FitRun, run.pk) is not None
        silent(run)
        assert runs.reap() == 1
    run.refresh_from_db()
    assert run.status == "pending"


def test_a_worker_that_is_asked_to_stop_counts_as_no_death(cast: Cast) -> None:
    run = start(cast)
    for _ in range(runs.MAX_DEATHS + 1):
        held = runs.claim(FitRun, run.pk)
        assert held is not None and held.claim is not None
        runs.release(held, claim=held.claim, reason="The worker was stopped.")
    run.refresh_from_db()
    assert run.status == "pending"


def test_the_help_for_silent_workers_has_a_queue_of_its_own() -> None:
    def route(task: str) -> str:
        return queue.current_app.amqp.router.route({}, task)["queue"].name

    tasks = [kind.model.task for kind in registry.kinds()] + ["accounts.purge_projects"]
    assert route("runs.reap") == "reaper"
    assert "reaper" not in {route(task) for task in tasks}
