"""Every change of a run's status: once, guarded, logged."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from celery import Celery
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.dialogues import published
from tests.support.runs import log, start
from tests.support.waiting import SHORT_S
from webapp.accounts.models import Project
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.runs import queue, registry
from webapp.runs import services as runs
from webapp.runs.models import Status, Transition

pytestmark = pytest.mark.django_db


def test_a_start_is_logged_audited_and_wakes_a_worker(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = start(cast)
    assert (run.status, run.number) == (Status.PENDING, 1)
    assert log(run) == [("", "pending")]
    assert sent == [str(run.pk)]
    assert Entry.objects.filter(action="fit.started", object_id=str(run.pk)).count() == 1


def test_the_same_key_is_the_same_run(cast: Cast) -> None:
    assert start(cast, "twice") == start(cast, "twice")
    assert FitRun.objects.count() == 1
    assert Entry.objects.filter(action="fit.started").count() == 1


def test_the_same_key_in_another_project_is_another_run(cast: Cast) -> None:
    here = start(cast, "same")
    there = runs.start(
        FitRun,
        project=cast.other_project,
        actor=cast.stranger,
        key="same",
        version=published(cast.other_project),
        judge_name="J",
    )
    assert here.pk != there.pk


def test_a_start_needs_a_key(cast: Cast) -> None:
    with pytest.raises(Refused):
        runs.started_before(FitRun, project=cast.project, key="")


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one_run(cast: Cast) -> None:
    version = published(cast.project)
    found: list[FitRun] = []
    together = threading.Barrier(4)

    def click() -> None:
        together.wait()
        found.append(
            runs.start(
                FitRun,
                project=cast.project,
                actor=cast.leads[0],
                key="double click",
                version=version,
                judge_name="J",
            )
        )
        connection.close()

    in_threads(click, 4)
    assert len({run.pk for run in found}) == 1 and len(found) == 4
    assert [run.number for run in FitRun.objects.all()] == [1]


def test_nothing_starts_in_an_archived_project(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(archived_at=timezone.now())
    cast.project.refresh_from_db()
    with pytest.raises(PermissionDenied):
        start(cast)


def test_a_run_that_waits_is_not_worked_while_its_project_is_archived(cast: Cast) -> None:
    run = start(cast)
    Project.objects.filter(pk=cast.project.pk).update(archived_at=timezone.now())
    assert runs.claim(FitRun, run.pk) is None
    Project.objects.filter(pk=cast.project.pk).update(archived_at=None)
    assert runs.claim(FitRun, run.pk) is not None


def test_a_claim_is_taken_once(cast: Cast) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None and claimed.attempt == 1
    assert runs.claim(FitRun, run.pk) is None
    assert log(run) == [("", "pending"), ("pending", "running")]


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_claim_at_once_one_gets_the_run(cast: Cast) -> None:
    run = start(cast)
    got: list[object] = []
    together = threading.Barrier(6)

    def work() -> None:
        together.wait()
        got.append(runs.claim(FitRun, run.pk))
        connection.close()

    in_threads(work, 6)
    assert sum(one is not None for one in got) == 1
    assert log(run) == [("", "pending"), ("pending", "running")]


def test_an_end_needs_the_claim(cast: Cast) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None
    assert not runs.end(run, claim=new_id(), status=Status.SUCCEEDED)
    assert runs.end(run, claim=claimed.claim, status=Status.FAILED, reason="No more disk.")
    run.refresh_from_db()
    assert (run.status, run.error, run.claim) == (Status.FAILED, "No more disk.", None)
    assert run.ended_at is not None
    assert not runs.end(run, claim=claimed.claim, status=Status.SUCCEEDED)


def test_a_run_that_waits_is_cancelled_at_once(cast: Cast) -> None:
    run = start(cast)
    runs.cancel(run, actor=cast.leads[0])
    assert (run.status, run.is_ended) == (Status.CANCELLED, True)
    assert runs.claim(FitRun, run.pk) is None
    assert Transition.objects.get(run_id=run.pk, after="cancelled").actor == cast.leads[0]


def test_a_run_under_way_is_asked_to_stop_once(cast: Cast) -> None:
    run = start(cast)
    runs.claim(FitRun, run.pk)
    runs.cancel(run, actor=cast.leads[0])
    runs.cancel(run, actor=cast.leads[1])
    assert run.status == Status.RUNNING and run.cancel_requested_at is not None
    assert Entry.objects.filter(action="fit.cancelled").count() == 1


def test_what_has_ended_can_not_be_stopped(cast: Cast) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None
    runs.end(run, claim=claimed.claim, status=Status.SUCCEEDED)
    with pytest.raises(Refused, match="Fit 1 has already ended"):
        runs.cancel(run, actor=cast.leads[0])
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_at) == (Status.SUCCEEDED, None)
    assert Entry.objects.filter(action="fit.cancelled").count() == 0


@pytest.mark.parametrize("ended", [Status.FAILED, Status.CANCELLED])
def test_what_failed_or_was_stopped_goes_on(cast: Cast, ended: Status) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None
    runs.end(run, claim=claimed.claim, status=ended, reason="Because.")
    runs.resume(run, actor=cast.leads[0])
    assert (run.status, run.error, run.ended_at) == (Status.PENDING, "", None)
    again = runs.claim(FitRun, run.pk)
    assert again is not None and again.attempt == 2
    assert again.started_at == claimed.started_at


def test_a_finished_run_goes_on_only_with_more_to_do(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(cast)
    claimed = runs.claim(FitRun, run.pk)
    assert claimed is not None and claimed.claim is not None
    runs.end(run, claim=claimed.claim, status=Status.SUCCEEDED)
    with pytest.raises(Refused):
        runs.resume(run, actor=cast.leads[0])
    find_more(monkeypatch)
    runs.resume(run, actor=cast.leads[0])
    assert run.status == Status.PENDING


@pytest.mark.parametrize("has_more", [False, True])
def test_what_is_under_way_does_not_go_on_twice(
    cast: Cast, has_more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(cast)
    if has_more:
        find_more(monkeypatch)
    with pytest.raises(Refused):
        runs.resume(run, actor=cast.leads[0])
    runs.claim(FitRun, run.pk)
    with pytest.raises(Refused):
        runs.resume(run, actor=cast.leads[0])


def test_the_log_can_not_be_changed(cast: Cast) -> None:
    run = start(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        Transition.objects.filter(run_id=run.pk).update(after="succeeded")
    assert log(run) == [("", "pending")]


def test_a_running_run_has_a_claim_and_no_other_has(cast: Cast) -> None:
    run = start(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        FitRun.objects.filter(pk=run.pk).update(status="running")
    with pytest.raises(DatabaseError), transaction.atomic():
        FitRun.objects.filter(pk=run.pk).update(claim=new_id())


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_loses_the_message_only(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Celery(broker="redis+socket:///tmp/nobody-listens-here.sock", set_as_current=False)
    monkeypatch.setattr(queue, "current_app", away)
    run = start(cast)
    run.refresh_from_db()
    assert run.status == Status.PENDING


def find_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every fit have something left out."""
    kind = replace(registry.find("fit"), left_out=lambda runs: {run.pk for run in runs})
    monkeypatch.setattr(registry, "_kinds", {**registry._kinds, "fit": kind})


def in_threads(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SHORT_S)
        assert not thread.is_alive()


def test_a_project_has_a_limited_number_of_open_runs(cast: Cast, settings: Any) -> None:
    settings.RUNS_PER_PROJECT = 2
    first, second = start(cast, "one"), start(cast, "two")
    with pytest.raises(Refused, match="At most 2 can be open"):
        start(cast, "three")
    # The same start again is no new run, and another project is not concerned.
    assert start(cast, "two") == second
    runs.cancel(first, actor=cast.leads[0])
    start(cast, "three")
    with pytest.raises(Refused, match="At most 2 can be open"):
        runs.resume(first, actor=cast.leads[0])
