"""How far a run is, counted from the rows that it made."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from webapp.runs.models import Run


@dataclass(frozen=True)
class Progress:
    """`rate` is units a minute since the start; `left` is None where it can't be told."""

    done: int
    total: int | None
    rate: float | None
    left: timedelta | None
    took: timedelta | None


def progress_of(run: Run, *, done: int, total: int | None) -> Progress:
    if run.started_at is None:
        return Progress(done, total, None, None, None)
    took = (run.ended_at or timezone.now()) - run.started_at
    minutes = took.total_seconds() / 60
    rate = done / minutes if done and minutes > 0 else None
    left = None
    if rate and total is not None and not run.is_ended:
        left = timedelta(minutes=max(total - done, 0) / rate)
    return Progress(done, total, rate, left, took)
