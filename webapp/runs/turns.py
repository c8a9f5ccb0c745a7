"""Whose run a free worker takes: projects take turns, so that one with many runs stops nobody."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import Task, current_app
from django.db.models import Max

from webapp.runs import registry
from webapp.runs.models import Run, Status, Transition
from webapp.runs.services import is_due, queue_of, wake


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
    """The oldest run of the project that fewest workers work for; of several such projects, the
    one that has got no worker for longest."""
    projects = {run.project_id for run in waiting}
    busy: Counter[UUID] = Counter()
    served: dict[UUID, datetime] = {}
    if len(projects) > 1:
        models = {type(run) for run in waiting}
        busy = _busy(projects, models)
        served = _last_served(projects, models)
    never = min(run.created_at for run in waiting)

    def place(run: Run) -> tuple[Any, ...]:
        return busy[run.project_id], served.get(run.project_id, never), run.created_at

    return min(waiting, key=place)


def _waiting_in(queue: str) -> list[Run]:
    models = [kind.model for kind in registry.kinds() if queue_of(kind.model.task) == queue]
    return [
        run
        for model in models
        for run in model.objects.filter(is_due()).only("pk", "project", "created_at")
    ]


def _busy(projects: set[UUID], models: set[type[Run]]) -> Counter[UUID]:
    return Counter(
        project
        for model in models
        for project in model.objects.filter(
            project__in=projects, status=Status.RUNNING
        ).values_list("project", flat=True)
    )


def _last_served(projects: set[UUID], models: set[type[Run]]) -> dict[UUID, datetime]:
    rows = Transition.objects.filter(
        project__in=projects, run_kind__in=[model.kind for model in models], after=Status.RUNNING
    )
    return dict(rows.values_list("project").annotate(Max("at")))
