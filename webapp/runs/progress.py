"""How far a run is, counted from the rows that it made and the log of its status."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from webapp.runs.models import Run, Status, Transition


@dataclass(frozen=True)
class Progress:
    """`rate` is units a minute since work on it last began; `left` is None where it can't be
    told; `took` leaves out the time in which the run waited or was stopped."""

    done: int
    total: int | None
    rate: float | None
    left: timedelta | None
    took: timedelta | None


def progress_of(
    run: Run,
    *,
    done: int,
    total: int | None,
    done_since: Callable[[datetime], int] | None = None,
) -> Progress:
    """`done_since` counts the units that were worked on since a time; without it all that is done
    counts for the rate."""
    if run.started_at is None:
        return Progress(done, total, None, None, None)
    began, took = _worked(run)
    minutes = (took if run.is_ended else timezone.now() - began).total_seconds() / 60
    fresh = done_since(began) if done_since and not run.is_ended else done
    rate = fresh / minutes if fresh and minutes > 0 else None
    left = None
    if rate and total is not None and not run.is_ended:
        left = timedelta(minutes=max(total - done, 0) / rate)
    return Progress(done, total, rate, left, took)


def ended_of_each(
    runs: Sequence[Run], items: QuerySet[Any], *, waiting: str
) -> dict[UUID, tuple[int, int]]:
    """(items that ended, items in all) of each run. `waiting` is the state before."""
    counted = (
        items.filter(run__in=runs)
        .order_by()
        .values("run")
        .annotate(ended=Count("pk", filter=~Q(state=waiting)), planned=Count("pk"))
    )
    found = {row["run"]: (row["ended"], row["planned"]) for row in counted}
    return {run.pk: found.get(run.pk, (0, 0)) for run in runs}


def _worked(run: Run) -> tuple[datetime, timedelta]:
    """When a worker last took the run, and how long workers had it in all."""
    began, took = run.started_at or timezone.now(), timedelta()
    since: datetime | None = None
    log = Transition.objects.filter(run_id=run.pk).order_by("id")
    for at, after in log.values_list("at", "after"):
        if since is not None:
            took += at - since
            since = None
        if after == Status.RUNNING:
            began = since = at
    if since is not None:
        took += timezone.now() - since
    return began, took
