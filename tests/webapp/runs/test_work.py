"""The claim around a worker's work: heartbeat, fence and an honest end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import override_settings
from django.utils import timezone

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.runs import silent, start
from tests.support.waiting import SHORT_S, wait_until
from webapp.accounts.services.projects import archive_project, reopen_project
from webapp.errors import Refused
from webapp.runs import services as runs
from webapp.runs import work
from webapp.runs.models import Status
from webapp.runs.work import (
    Claim,
    ClaimLost,
    Closed,
    RunFailed,
    claimed,
    in_db,
    run_async,
    while_held,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(cast: Cast) -> FitRun:
    return start(cast)


def status_of(run: FitRun) -> tuple[str, str]:
    run.refresh_from_db()
    return run.status, run.error


def test_a_block_that_ends_is_a_run_that_succeeded(run: FitRun) -> None:
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        run.refresh_from_db()
        assert run.status == Status.RUNNING
    assert status_of(run) == ("succeeded", "")


def test_a_run_that_another_worker_has_is_left_alone(run: FitRun) -> None:
    with claimed(FitRun, run.pk), claimed(FitRun, run.pk) as second:
        assert second is None
    assert status_of(run)[0] == "succeeded"


@pytest.mark.parametrize("kind", [RunFailed, Refused])
def test_what_was_raised_for_people_is_the_runs_error(run: FitRun, kind: type[Exception]) -> None:
    with claimed(FitRun, run.pk):
        raise kind("No profile is left.")
    assert status_of(run) == ("failed", "No profile is left.")


def test_an_error_of_the_program_is_told_without_its_text(run: FitRun) -> None:
    with pytest.raises(ZeroDivisionError), claimed(FitRun, run.pk):
        raise ZeroDivisionError("secret")
    status, error = status_of(run)
    assert status == "failed" and "secret" not in error and "is saved" in error


def test_a_database_that_restarts_fails_no_run(run: FitRun) -> None:
    with pytest.raises(OperationalError), claimed(FitRun, run.pk) as claim:
        assert claim is not None
        with claim.writing(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    assert status_of(run) == ("running", "")
    silent(run)
    assert runs.reap() == 1
    assert status_of(run) == ("pending", "")


def test_a_statement_that_the_database_refuses_fails_the_run(run: FitRun) -> None:
    with pytest.raises(DatabaseError), claimed(FitRun, run.pk), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert status_of(run)[0] == "failed"


def test_a_worker_that_is_stopped_gives_the_run_back(run: FitRun) -> None:
    with pytest.raises(SystemExit), claimed(FitRun, run.pk):
        raise SystemExit
    assert status_of(run) == ("pending", "")


def test_a_worker_that_lost_its_claim_writes_nothing(run: FitRun, cast: Cast) -> None:
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        silent(run)
        assert runs.reap() == 1
        second = runs.claim(FitRun, run.pk)
        assert second is not None
        with pytest.raises(ClaimLost), claim.writing():
            FitRun.objects.filter(pk=run.pk).update(seed=99)
        claim.beat()
        with pytest.raises(ClaimLost):
            claim.check()
    run.refresh_from_db()
    # Nor did it end the run that the other one holds.
    assert (run.status, run.claim, run.seed) == ("running", second.claim, 0)


def test_the_fence_holds_until_the_commit(run: FitRun) -> None:
    """Whoever takes the run away waits for a write that has begun."""
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        with claim.writing():
            FitRun.objects.filter(pk=run.pk).update(seed=7)
        with pytest.raises(ZeroDivisionError), claim.writing():
            FitRun.objects.filter(pk=run.pk).update(seed=8)
            raise ZeroDivisionError
    run.refresh_from_db()
    assert run.seed == 7


def test_a_live_worker_keeps_its_lease(run: FitRun) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    has_beaten = FitRun.objects.filter(pk=run.pk, heartbeat_at__gt=long_ago).exists
    with override_settings(RUN_LEASE_S=0.4), claimed(FitRun, run.pk):
        for _ in range(3):
            FitRun.objects.filter(pk=run.pk).update(heartbeat_at=long_ago)
            wait_until(has_beaten, "a heartbeat")
        # Long, so that no busy machine is too slow to beat once more.
        with override_settings(RUN_LEASE_S=SHORT_S):
            assert runs.reap() == 0
    assert status_of(run)[0] == "succeeded"


def test_a_cancel_is_noticed_by_the_heartbeat(run: FitRun, cast: Cast) -> None:
    with override_settings(RUN_LEASE_S=0.4), claimed(FitRun, run.pk) as claim:
        assert claim is not None
        runs.cancel(run, actor=cast.leads[0])
        assert claim.cancelled.wait(SHORT_S)
    assert status_of(run) == ("cancelled", "")


def test_an_archived_project_takes_a_run_from_its_worker_until_it_is_open_again(
    run: FitRun, cast: Cast
) -> None:
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        archive_project(actor=cast.leads[0], project=cast.project)
        with pytest.raises(Closed), claim.writing():
            pytest.fail("it must not write")
        claim.beat()
        assert claim.is_over
    assert status_of(run) == ("pending", "")
    assert runs.claim(FitRun, run.pk) is None
    reopen_project(actor=cast.leads[0], project=cast.project)
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
    assert status_of(run) == ("succeeded", "")


@pytest.mark.slow
def test_a_cancel_ends_all_that_is_under_way(run: FitRun, cast: Cast) -> None:
    ended: list[str] = []

    async def wait_long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    with override_settings(RUN_LEASE_S=0.4), claimed(FitRun, run.pk) as claim:
        assert claim is not None
        runs.cancel(run, actor=cast.leads[0])
        run_async(while_held(claim, wait_long(), wait_long()))
    assert ended == ["ended", "ended"]
    assert status_of(run)[0] == "cancelled"


def test_the_first_error_ends_what_runs_beside_it(run: FitRun) -> None:
    steps: list[str] = []

    async def fail() -> None:
        while not steps:
            await asyncio.sleep(0)
        raise RunFailed("The endpoint is gone.")

    async def go_on() -> None:
        steps.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            steps.append("ended")

    async def both(claim: Claim[FitRun]) -> None:
        try:
            await while_held(claim, fail(), go_on())
        finally:
            # Not only by the end of the event loop, which ends everything.
            steps.append("raised")

    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        run_async(both(claim))
    assert steps == ["begun", "ended", "raised"]
    assert status_of(run) == ("failed", "The endpoint is gone.")


def test_units_may_end_before_others(run: FitRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHECK_S", 0.01)
    done: list[str] = []
    has_gone_on = asyncio.Event()

    async def short() -> None:
        await in_db(done.append, "short")

    async def long() -> None:
        await has_gone_on.wait()
        await in_db(done.append, "long")

    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        check = claim.check

        def look() -> None:
            check()
            if done:
                has_gone_on.set()

        monkeypatch.setattr(claim, "check", look)
        run_async(while_held(claim, short(), long()))
    assert done == ["short", "long"]


def test_a_claim_knows_of_a_cancel_that_came_before_it(run: FitRun, cast: Cast) -> None:
    claimed_run = runs.claim(FitRun, run.pk)
    assert claimed_run is not None
    runs.cancel(run, actor=cast.leads[0])
    claimed_run.cancel_requested_at = run.cancel_requested_at
    claim: Claim[Any] = Claim(claimed_run)
    assert claim.cancelled.is_set()
