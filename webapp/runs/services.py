"""Every change of a run's status: guarded by a conditional UPDATE, logged, announced."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Subquery
from django.utils import timezone

from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.db import one_at_a_time
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.runs import live, registry
from webapp.runs.limits import require_key
from webapp.runs.models import Run, Status, Transition
from webapp.runs.queue import has_messages, wake

R = TypeVar("R", bound=Run)

# How long a run waits for a worker before the reaper asks for one again.
WAKE_AGAIN_S = 20.0
# How many workers may die over a run within these hours before it waits for a person: it may be
# the run that kills them. A long one outlives a nightly restart.
MAX_DEATHS = 5
DEATHS_WITHIN = timedelta(hours=6)
SILENT = "The worker was not heard any more."
UNANSWERED = "An endpoint does not answer. The run will try again by itself."


def start(
    model: type[R],
    *,
    project: Project,
    actor: User,
    key: str,
    replaces: Run | None = None,
    **fields: Any,
) -> R:
    """Create a run and wake a worker on commit. The same `key` again returns the run that is
    there already: a double click starts one. Raises Refused where too many are open; `replaces` is
    a run that is about to end, and does not count."""
    require_open(project)
    with transaction.atomic():
        known = started_before(model, project=project, key=key)
        if known is not None:
            return known
        _require_room(project, without=replaces)
        run = model.objects.create(
            project=project,
            number=next_number(project, model.kind),
            created_by=actor,
            idempotency_key=key,
            heartbeat_at=timezone.now(),
            **fields,
        )
        _log(run, before="", after=Status.PENDING, actor=actor)
        audit.record(f"{model.kind}.started", actor=actor, object=run, number=run.number)
        wake(run)
    return run


def started_before(model: type[R], *, project: Project, key: str) -> R | None:
    """The run that `key` started. Where there is none, nobody else starts one with this key
    until the present transaction ends: what a run needs can be made first."""
    require_key(key)
    one_at_a_time(f"{model.kind}/{project.pk}/{key}")
    return model.objects.filter(project=project, idempotency_key=key).first()


def _require_room(project: Project, *, without: Run | None = None) -> None:
    one_at_a_time(f"runs/{project.pk}")
    first, *others = [
        kind.model.objects.filter(
            project=project, status__in=[Status.PENDING, Status.RUNNING]
        ).values("pk")
        for kind in registry.kinds()
    ]
    found = first.union(*others, all=True).count() - (without is not None)
    if found >= settings.RUNS_PER_PROJECT:
        raise Refused(
            f"This project already has {found} open runs. At most "
            f"{settings.RUNS_PER_PROJECT} can be open. Wait until one ends, or stop one.",
            code="too_many_runs",
        )


def claim(model: type[R], run_id: UUID | str) -> R | None:
    """Take a pending run for the calling worker; None where it is not pending any more, or
    waits until its archived project is opened again."""
    with transaction.atomic():
        run = (
            model.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(is_due(), pk=run_id)
            .first()
        )
        if run is None:
            return None
        now = timezone.now()
        run.status, run.claim, run.heartbeat_at = Status.RUNNING, new_id(), now
        run.started_at, run.ended_at, run.error = run.started_at or now, None, ""
        run.waits_until = None
        run.attempt += 1
        run.save(
            update_fields=[
                "status", "claim", "heartbeat_at", "started_at", "ended_at", "error", "attempt",
                "waits_until",
            ]
        )  # fmt: skip
        _log(run, before=Status.PENDING, after=Status.RUNNING)
    return run


def is_due() -> Q:
    """Which runs a worker may take now."""
    now = timezone.now()
    due = Q(waits_until=None) | Q(waits_until__lte=now)
    return due & Q(status=Status.PENDING, project__archived_at=None)


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
    return _take_back(run, reason=reason, where={"claim": claim})


def wait(run: Run, *, claim: UUID, need: UUID, seconds: float, most: int, reason: str) -> bool:
    """Give a run back to the queue for `seconds`, because what it needs does not answer. It fails
    with the reason where it has waited `most` times in a row."""
    with transaction.atomic():
        rows = type(run).objects.select_for_update(of=("self",))
        held = rows.filter(pk=run.pk, status=Status.RUNNING, claim=claim).first()
        if held is None:
            return False
        if held.waits >= most and held.cancel_requested_at is None:
            return end(run, claim=claim, status=Status.FAILED, reason=reason)
        until = timezone.now() + timedelta(seconds=seconds)
        return _take_back(
            run,
            reason=UNANSWERED,
            where={"claim": claim},
            set_fields={"waits_until": until, "waits_for": need, "waits": held.waits + 1},
        )


def wait_is_over(run: Run, *, need: UUID) -> None:
    """What the run waited for answers again: from now on its pauses are counted anew."""
    held = type(run).objects.filter(pk=run.pk, claim=run.claim, waits_for=need)
    held.update(waits_for=None, waits=0)


def cancel(run: Run, *, actor: User) -> None:
    """Stop a run: at once where nobody works on it, else at the worker's next safe point.
    Nothing happens where it was asked to stop before. Raises Refused where it has ended."""
    with transaction.atomic():
        locked = type(run).objects.select_for_update(of=("self",)).get(pk=run.pk)
        if locked.is_ended:
            raise Refused(f"{run} has already ended.", code="ended")
        if locked.cancel_requested_at is None:
            now = timezone.now()
            type(run).objects.filter(pk=run.pk).update(cancel_requested_at=now)
            if locked.status == Status.PENDING:
                _move(
                    run,
                    before=[Status.PENDING],
                    after=Status.CANCELLED,
                    actor=actor,
                    set_fields={"ended_at": now},
                )
            audit.record(f"{run.kind}.cancelled", actor=actor, object=run)
            live.publish(run.topic)
    run.refresh_from_db()


def resume(run: Run, *, actor: User) -> None:
    """Queue a failed or stopped run again; it goes on with what it has. A finished run goes on
    too where its kind finds more to do, as when some of its texts failed."""
    require_open(run.project)
    kind = registry.find(run.kind)
    if not kind.goes_on:
        raise Refused(f"{run} can’t be resumed. Start a new one.", code="not_resumable")
    if kind.require is not None:
        kind.require(run)
    before = [Status.FAILED, Status.CANCELLED]
    if kind.left_out is not None and run.pk in kind.left_out([run]):
        before.append(Status.SUCCEEDED)
    with _alone(run), transaction.atomic():
        _require_room(run.project)
        resumed = _move(
            run,
            before=before,
            after=Status.PENDING,
            actor=actor,
            set_fields={
                "cancel_requested_at": None,
                "waits_until": None,
                "waits_for": None,
                "waits": 0,
                "heartbeat_at": timezone.now(),
                "ended_at": None,
                "error": "",
            },
        )
        if not resumed:
            raise Refused(
                "You can only resume a run that failed, was stopped or left something out.",
                code="not_resumable",
            )
        audit.record(f"{run.kind}.resumed", actor=actor, object=run)
        wake(run)
    run.refresh_from_db()


@contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Some kinds allow one run under way for the same things, by a constraint of the database."""
    try:
        yield
    except IntegrityError:
        raise Refused(
            f"Another run for the same is under way, so {run} can’t go on. Wait for it, or stop "
            "it.",
            code="under_way",
        ) from None


def reap() -> int:
    """Give runs of silent workers to others, and wake for runs that wait. Returns how many
    runs were taken from a silent worker."""
    taken = 0
    now = timezone.now()
    silent_since = now - timedelta(seconds=settings.RUN_LEASE_S)
    for kind in registry.kinds():
        silent = kind.model.objects.filter(status=Status.RUNNING, heartbeat_at__lt=silent_since)
        for run in silent:
            taken += _take_back(
                run,
                reason=SILENT,
                where={"claim": run.claim, "heartbeat_at__lt": silent_since},
            )
        _wake_waiting(kind.model, not_since=now - timedelta(seconds=WAKE_AGAIN_S))
    return taken


def _wake_waiting(model: type[Run], *, not_since: datetime) -> None:
    """Send the message again for runs that wait, not at every reap, and to an empty queue only:
    that of busy workers does not fill up with it. While a run waits, `heartbeat_at` is when a
    worker was last asked for."""
    waiting = model.objects.filter(is_due(), heartbeat_at__lt=not_since)
    if not waiting.exists() or has_messages(model.task):
        return
    for run in waiting.order_by("created_at")[:100]:
        sent = model.objects.filter(pk=run.pk, status=Status.PENDING)
        if sent.update(heartbeat_at=timezone.now()):
            wake(run)


def _take_back(
    run: Run, *, reason: str, where: dict[str, Any], set_fields: dict[str, Any] | None = None
) -> bool:
    """From a worker that stops or is silent: to the queue, stopped where a person asked, or
    failed where one worker after the other died over it. `set_fields` say how it waits there."""
    with transaction.atomic():
        locked = (
            type(run)
            .objects.select_for_update(of=("self",))
            .filter(pk=run.pk, status=Status.RUNNING, **where)
            .first()
        )
        if locked is None:
            return False
        now, error = timezone.now(), ""
        if locked.cancel_requested_at is not None:
            after = Status.CANCELLED
        elif reason == SILENT and (deaths := 1 + _deaths(run)) >= MAX_DEATHS:
            after = Status.FAILED
            error = (
                f"Stopped after {deaths} attempts. Each time its worker died, often because memory "
                "ran out. Everything made so far is saved."
            )
        else:
            after = Status.PENDING
        _move(
            run,
            before=[Status.RUNNING],
            after=after,
            reason=error or reason,
            set_fields={
                "claim": None,
                "heartbeat_at": now,
                "ended_at": None if after == Status.PENDING else now,
                "error": error,
                **(set_fields or {}),
            },
        )
        if after == Status.PENDING and not set_fields:
            wake(run)
    return True


def _deaths(run: Run) -> int:
    """How many workers died over the run lately, since a person started it or let it go on."""
    log = Transition.objects.filter(run_id=run.pk)
    by_person = log.filter(actor__isnull=False).order_by("-id").values("id")[:1]
    lately = log.filter(id__gt=Subquery(by_person), at__gt=timezone.now() - DEATHS_WITHIN)
    return lately.filter(reason=SILENT).count()


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
