"""Whose run a free worker takes: projects take turns, so that one with many runs stops nobody."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import Task, current_app
from django.db.models import Max

from webapp.runs import registry
from webapp.runs.models import Run, Status, Transition
from webapp.runs.queue import queue_of, wake
from webapp.runs.services import is_due


class RunTask(Task):
    """The task of a kind of run. A message is for one run, but any that waits in the same queue may
    be worked on in its place."""

    def __call__(self, run_id: str) -> None:
        waiting = _waiting_in(queue_of(self.name))
        asked_for = next((run for run in waiting if str(run.pk) == run_id), None)
        if asked_for is None:
            # It is not queued any more, or not yet again.
            return
        chosen = next_of(waiting)
        if chosen != asked_for:
            wake(asked_for)
        current_app.tasks[chosen.task].run(str(chosen.pk))


def next_of(waiting: list[Run]) -> Run:
    """The oldest run of the project that fewest workers of the queue work for, at a run of any
    kind; of several such projects, the one that has got none of them for longest."""
    projects = {run.project_id for run in waiting}
    busy: Counter[UUID] = Counter()
    served: dict[UUID, datetime] = {}
    if len(projects) > 1:
        models = _models_in(queue_of(waiting[0].task))
        busy = _busy(projects, models)
        served = _last_served(projects, models)
    never = min(run.created_at for run in waiting)

    def place(run: Run) -> tuple[Any, ...]:
        return busy[run.project_id], served.get(run.project_id, never), run.created_at

    return min(waiting, key=place)


def _waiting_in(queue: str) -> list[Run]:
    return [
        run
        for model in _models_in(queue)
        for run in model.objects.filter(is_due()).only("pk", "project", "created_at")
    ]


def _models_in(queue: str) -> list[type[Run]]:
    return [kind.model for kind in registry.kinds() if queue_of(kind.model.task) == queue]


def _busy(projects: set[UUID], models: list[type[Run]]) -> Counter[UUID]:
    first, *others = [
        model.objects.filter(project__in=projects, status=Status.RUNNING).values_list(
            "project", flat=True
        )
        for model in models
    ]
    return Counter(first.union(*others, all=True))


def _last_served(projects: set[UUID], models: list[type[Run]]) -> dict[UUID, datetime]:
    rows = Transition.objects.filter(
        project__in=projects, run_kind__in=[model.kind for model in models], after=Status.RUNNING
    )
    return dict(rows.values_list("project").annotate(Max("at")))
