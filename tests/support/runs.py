"""Runs that are started, silent or logged."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.dialogues import published
from webapp.ids import new_id
from webapp.runs import services as runs
from webapp.runs.models import Run, Status, Transition


def start(cast: Cast, key: str = "") -> FitRun:
    version = published(cast.project)
    return runs.start(
        FitRun,
        project=cast.project,
        actor=cast.leads[0],
        key=key or new_id().hex,
        version=version,
        judge_name="J",
    )


def silent(run: FitRun) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.RUN_LEASE_S + 5)
    FitRun.objects.filter(pk=run.pk).update(heartbeat_at=long_ago)


def work_past_waits(work: Callable[[str], None], run: Run) -> None:
    """Work on a run until it has ended; what it waits for is over at once."""
    work(str(run.pk))
    run.refresh_from_db()
    while run.status == Status.PENDING:
        assert run.waits_until is not None and run.claim is None
        wait_is_over(run)
        work(str(run.pk))
        run.refresh_from_db()


def wait_is_over(run: Run) -> None:
    type(run).objects.filter(pk=run.pk).update(waits_until=timezone.now())


def log(run: FitRun) -> list[tuple[str, str]]:
    return list(
        Transition.objects.filter(run_id=run.pk).order_by("id").values_list("before", "after")
    )
