"""Every change of a run's status: guarded by a conditional UPDATE, logged, announced."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.runs import live, registry
from webapp.runs.models import Run, Status, Transition

R = TypeVar("R", bound=Run)


def start(model: type[R], *, project: Project, actor: User, key: str, **fields: Any) -> R:
    """Create a run and wake a worker on commit. The same `key` again returns the run that is
    there already: a double click starts one."""
    require_open(project)
    found = model.objects.filter(project=project, idempotency_key=key).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            run = model.objects.create(
                project=project,
                number=next_number(project, model.kind),
                created_by=actor,
                idempotency_key=key,
                **fields,
            )
            _log(run, before="", after=Status.PENDING, actor=actor)
            audit.record(f"{model.kind}.started", actor=actor, object=run, number=run.number)
            wake(run)
    except IntegrityError:
        # Two requests at once: the other one won.
        return model.objects.get(project=project, idempotency_key=key)
    return run


def wake(run: Run) -> None:
    """Ask for a worker when the transaction commits. Losing the message costs time only: the
    reaper sends it again."""
    transaction.on_commit(lambda: current_app.send_task(run.task, args=[str(run.pk)]))


def claim(model: type[R], run_id: UUID | str) -> R | None:
    """Take a pending run for the calling worker; None where it is not pending any more."""
    with transaction.atomic():
        run = (
            model.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=run_id, status=Status.PENDING)
            .first()
        )
        if run is None:
            return None
        now = timezone.now()
        run.status, run.claim, run.heartbeat_at = Status.RUNNING, new_id(), now
        run.started_at, run.ended_at, run.error = run.started_at or now, None, ""
        run.attempt += 1
        run.save(
            update_fields=[
                "status", "claim", "heartbeat_at", "started_at", "ended_at", "error", "attempt"
            ]
        )  # fmt: skip
        _log(run, before=Status.PENDING, after=Status.RUNNING)
    return run


def end(run: Run, *, claim: UUID, status: Status, reason: str = "") -> bool:
    """Finish a run that this worker still holds; False where the claim was lost."""
    return _move(
        run,
        before=[Status.RUNNING],
        after=status,
        reason=reason,
        where={"claim": claim},
        set_fields={
            "claim": None,
            "ended_at": timezone.now(),
            "error": reason if status == Status.FAILED else "",
        },
    )


def release(run: Run, *, claim: UUID, reason: str) -> bool:
    """Give a run back to the queue, as when the worker is asked to stop."""
    released = _move(
        run,
        before=[Status.RUNNING],
        after=Status.PENDING,
        reason=reason,
        where={"claim": claim},
        set_fields={"claim": None},
    )
    if released:
        wake(run)
    return released


def cancel(run: Run, *, actor: User) -> None:
    """Stop a run: at once where nobody works on it, else at the worker's next safe point."""
    with transaction.atomic():
        now = timezone.now()
        stopped = _move(
            run,
            before=[Status.PENDING],
            after=Status.CANCELLED,
            actor=actor,
            set_fields={"cancel_requested_at": now, "ended_at": now},
        )
        asked = stopped or type(run).objects.filter(
            pk=run.pk, status=Status.RUNNING, cancel_requested_at=None
        ).update(cancel_requested_at=now)
        if asked:
            audit.record(f"{run.kind}.cancelled", actor=actor, object=run)
            live.publish(run.topic)
    run.refresh_from_db()


def resume(run: Run, *, actor: User) -> None:
    """Queue a failed or stopped run again; it goes on with what it has."""
    require_open(run.project)
    with transaction.atomic():
        resumed = _move(
            run,
            before=[Status.FAILED, Status.CANCELLED],
            after=Status.PENDING,
            actor=actor,
            set_fields={"cancel_requested_at": None, "ended_at": None, "error": ""},
        )
        if not resumed:
            raise Refused("Only a run that failed or was stopped can go on.", code="not_resumable")
        audit.record(f"{run.kind}.resumed", actor=actor, object=run)
        wake(run)
    run.refresh_from_db()


def reap() -> int:
    """Give runs of silent workers to others, and wake for runs that wait. Returns how many
    runs were taken from a silent worker."""
    taken = 0
    silent_since = timezone.now() - timedelta(seconds=settings.RUN_LEASE_S)
    for kind in registry.kinds():
        silent = kind.model.objects.filter(status=Status.RUNNING, heartbeat_at__lt=silent_since)
        for run in silent.select_related("project"):
            with transaction.atomic():
                after = Status.CANCELLED if run.cancel_requested_at else Status.PENDING
                moved = _move(
                    run,
                    before=[Status.RUNNING],
                    after=after,
                    reason="The worker was not heard any more.",
                    where={"claim": run.claim, "heartbeat_at__lt": silent_since},
                    set_fields={
                        "claim": None,
                        "ended_at": timezone.now() if after == Status.CANCELLED else None,
                    },
                )
                taken += moved
        waiting = kind.model.objects.filter(status=Status.PENDING, project__archived_at=None)
        for run in waiting.order_by("created_at")[:100]:
            wake(run)
    return taken


def _move(
    run: Run,
    *,
    before: Sequence[Status],
    after: Status,
    actor: User | None = None,
    reason: str = "",
    where: dict[str, Any] | None = None,
    set_fields: dict[str, Any] | None = None,
) -> bool:
    with transaction.atomic():
        row = (
            type(run)
            .objects.select_for_update(of=("self",))
            .filter(pk=run.pk, status__in=before, **(where or {}))
            .first()
        )
        if row is None:
            return False
        type(run).objects.filter(pk=run.pk).update(status=after, **(set_fields or {}))
        _log(run, before=Status(row.status), after=after, actor=actor, reason=reason)
    return True


def _log(
    run: Run, *, before: str, after: Status, actor: User | None = None, reason: str = ""
) -> None:
    Transition.objects.create(
        project_id=run.project_id,
        run_kind=run.kind,
        run_id=run.pk,
        before=before,
        after=after,
        actor=actor,
        reason=reason,
    )
    live.publish(run.topic)
    live.publish(f"runs.{run.project_id.hex}")
