"""The page of health, and what strangers learn."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Cast
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.rows import endpoint
from tests.support.run_rows import generation_run, judge_run, training_run
from tests.support.waiting import SHORT_S
from webapp.embedded.backup_record import note_backup
from webapp.home import health
from webapp.home.health import QUEUES, Worker
from webapp.home.verdicts import Check, QueueState, Verdict
from webapp.llm.models import EndpointTest
from webapp.runs.models import Run, Status, Transition


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_workers", lambda: [Worker("one", tuple(QUEUES))])


def check(name: str) -> Check:
    return next(check for check in health.report().checks if check.name == name)


def queue(name: str) -> QueueState:
    return next(state for state in health.report().queues or [] if state.name == name)


def queue_again(run: Run) -> None:
    """The run was made nine days ago and waits for a worker since now."""
    type(run).objects.filter(pk=run.pk).update(
        status=Status.PENDING, claim=None, created_at=timezone.now() - timedelta(days=9)
    )
    Transition.objects.create(
        project=run.project, run_kind=run.kind, run_id=run.pk, after=Status.PENDING
    )


@pytest.mark.slow
def test_health_answers_without_a_worker(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    body = html_of(client.get(reverse("health")))
    assert "No worker is running" in body and "PostgreSQL" in body
    assert "Fix now: workers" in body


def test_health_does_not_wait_for_workers_that_do_not_answer(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, answers = threading.Event(), []

    def ask() -> list[tuple[str, list[str]]]:
        answers.append(opened.wait(SHORT_S))
        return []

    monkeypatch.setattr(health, "_ask_workers", ask)
    cache.delete("health.workers")
    client.force_login(cast.admin)
    try:
        assert client.get(reverse("health")).status_code == 200
        assert answers == []
    finally:
        opened.set()


def test_strangers_learn_that_it_answers_and_nothing_else(db: None, settings: Any) -> None:
    answer = Client().get(reverse("health_ready"))
    assert (answer.status_code, answer.json()) == (200, {"database": True, "valkey": True})
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    answer = Client().get(reverse("health_ready"))
    assert (answer.status_code, answer.json()) == (503, {"database": True, "valkey": False})
    assert Client().get(reverse("health_live")).content == b"ok"


def test_the_page_opens_while_valkey_is_down(client: Client, cast: Cast, settings: Any) -> None:
    client.force_login(cast.admin)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    body = html_of(client.get(reverse("health")))
    assert "Fix now:" in body and "Restart the studio, and read var/log/valkey.log." in body


@pytest.mark.usefixtures("workers")
def test_the_last_backup_is_shown_with_its_place(
    client: Client, cast: Cast, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    assert check("Backup").verdict == Verdict.CHECK
    (tmp_path / "studio.tar").write_bytes(b"tar")
    note_backup(settings.VAR_DIR, tmp_path / "studio.tar")
    assert check("Backup").verdict == Verdict.OK
    client.force_login(cast.admin)
    assert str(tmp_path / "studio.tar") in html_of(client.get(reverse("health")))


@pytest.mark.usefixtures("workers")
def test_a_run_waits_since_it_was_queued_last(cast: Cast) -> None:
    run = judge_run(Setting(cast.project, cast.leads[0]))
    queue_again(run)
    state = queue("llm")
    assert (state.waiting, state.at_work, state.workers) == (1, 0, 1)
    assert state.oldest_s is not None
    # Since it was queued again, and not since it was made.
    assert state.oldest_s < timedelta(days=1).total_seconds()
    assert check("Workers").verdict == Verdict.OK
    type(run).objects.filter(pk=run.pk).update(waits_until=timezone.now() + timedelta(minutes=1))
    # It waits for its endpoint, not for a worker.
    assert queue("llm").oldest_s is None


@pytest.mark.usefixtures("workers")
def test_runs_at_work_and_silent_ones_are_told(cast: Cast, settings: Any) -> None:
    run = training_run(Setting(cast.project, cast.leads[0]))
    at = timezone.now()
    type(run).objects.filter(pk=run.pk).update(status=Status.RUNNING, claim=run.pk, heartbeat_at=at)
    assert queue("gpu").at_work == 1
    assert check("Workers").verdict == Verdict.OK
    silent = timedelta(seconds=5 * settings.RUN_LEASE_S)
    type(run).objects.filter(pk=run.pk).update(heartbeat_at=at - silent)
    found = check("Workers")
    assert found.verdict == Verdict.FIX and "no sign of life" in found.reason


@pytest.mark.usefixtures("workers")
def test_tests_of_endpoints_wait_too(cast: Cast) -> None:
    row = endpoint(Setting(cast.project, cast.leads[0]))
    EndpointTest.objects.all().delete()
    EndpointTest.objects.create(
        project=cast.project, endpoint=row, base_url=row.base_url, model=row.model
    )
    state = queue("tests")
    assert state.waiting == 1 and state.oldest_s is not None
    EndpointTest.objects.update(ended_at=timezone.now())
    assert queue("tests").oldest_s is None


@pytest.mark.usefixtures("workers")
def test_runs_of_archived_projects_wait_for_nobody(cast: Cast) -> None:
    run = generation_run(Setting(cast.project, cast.leads[0]))
    queue_again(run)
    assert queue("llm").waiting == 1
    cast.project.archived_at = timezone.now()
    cast.project.save()
    assert queue("llm").oldest_s is None
