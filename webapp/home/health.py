"""Answers for the supervisor and a load balancer, and what administrators see of the machinery."""

import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from webapp.embedded.backup_record import last_backup
from webapp.home import machine, verdicts
from webapp.home.verdicts import Check, QueueState, Verdict
from webapp.llm.models import EndpointTest
from webapp.llm.services import TEST_EXPIRES_S
from webapp.runs import registry
from webapp.runs.models import Run, Status, Transition
from webapp.runs.queue import queue_of

QUEUES = {
    "default": "imports, fits, exports, deletions",
    "llm": "runs that ask models",
    "gpu": "training",
    "tests": "tests of endpoints",
    "reaper": "takes over runs whose worker stopped",
}
# A page never waits longer than this for workers that do not answer.
PATIENCE_S = 1.5
WORKERS_KEPT_S = 10

_asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 when the process answers and the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when this process can serve people: database and Valkey answer. Says no more to
    strangers."""
    checks = {"database": _database_answers(), "valkey": _messages() is not None}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


@dataclass(frozen=True)
class Worker:
    name: str
    queues: tuple[str, ...]


@dataclass(frozen=True)
class OpenRun:
    run: Run
    queue: str
    # Since when a worker could take it, or since its worker's last sign of life.
    since: datetime
    now: datetime

    @property
    def is_running(self) -> bool:
        return bool(self.run.status == Status.RUNNING)

    @property
    def is_due(self) -> bool:
        """False while it waits for an endpoint."""
        return self.since <= self.now

    @property
    def span(self) -> timedelta:
        return self.now - self.since

    @property
    def is_late(self) -> bool:
        return self.is_running and self.span.total_seconds() > settings.RUN_LEASE_S


@dataclass(frozen=True)
class Report:
    # The worst first.
    checks: list[Check]
    # None: Valkey did not answer.
    queues: list[QueueState] | None
    # None: nobody answered within PATIENCE_S.
    workers: list[Worker] | None
    runs: list[OpenRun]

    @property
    def verdict(self) -> Verdict:
        return verdicts.overall(self.checks)

    @property
    def sentence(self) -> str:
        return verdicts.sentence(self.checks)


def report() -> Report:
    messages, workers, runs = _messages(), _workers(), _open_runs()
    states = None if messages is None else _states(messages, workers, runs)
    silent = max((run.span.total_seconds() for run in runs if run.is_running), default=None)
    checks = [
        _database(),
        verdicts.valkey(answers=messages is not None),
        verdicts.queues(states, silent_s=silent, lease_s=settings.RUN_LEASE_S),
        _disk(),
        verdicts.memory(machine.memory()),
        _backup(),
    ]
    checks.sort(key=lambda check: -check.verdict)
    return Report(checks=checks, queues=states, workers=workers, runs=runs)


def _database() -> Check:
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        seconds = time.monotonic() - started
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database()), "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
            "current_setting('max_connections')::int"
        )
        version, size, connections, most = cursor.fetchone()
    return verdicts.database(
        # “16.4 (Debian 16.4-1)” of a packaged server.
        version=version.split()[0],
        size=size,
        seconds=seconds,
        connections=connections,
        most=most,
    )


def _disk() -> Check:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    found = shutil.disk_usage(settings.VAR_DIR)
    return verdicts.disk(free=found.free, total=found.total, reserve=settings.DISK_RESERVE_BYTES)


def _backup() -> Check:
    found = last_backup(settings.VAR_DIR)
    if found is None:
        return verdicts.backup(None, now=timezone.now())
    at = timezone.localtime(found.at)
    return verdicts.backup(at, now=timezone.now(), where=found.where, size=found.size)


def _states(
    messages: dict[str, int], workers: list[Worker] | None, runs: list[OpenRun]
) -> list[QueueState]:
    """The queues with what waits in them: runs and tests of endpoints by their rows, which know
    since when, anything else by its messages."""
    now = timezone.now()
    oldest: dict[str, float] = {}
    waiting: Counter[str] = Counter()
    for run in runs:
        if not run.is_running and run.is_due:
            waiting[run.queue] += 1
            oldest[run.queue] = max(oldest.get(run.queue, 0.0), run.span.total_seconds())
    asked = EndpointTest.objects.filter(
        ended_at=None, asked_at__gt=now - timedelta(seconds=TEST_EXPIRES_S)
    )
    tests = list(asked.order_by("asked_at").values_list("asked_at", flat=True))
    if tests:
        waiting["tests"], oldest["tests"] = len(tests), (now - tests[0]).total_seconds()
    at_work = Counter(run.queue for run in runs if run.is_running)
    return [
        QueueState(
            name=name,
            purpose=purpose,
            waiting=waiting[name] or messages[name],
            oldest_s=oldest.get(name),
            at_work=at_work[name],
            workers=None if workers is None else sum(name in one.queues for one in workers),
        )
        for name, purpose in QUEUES.items()
    ]


def _workers() -> list[Worker] | None:
    """Who answers a ping, asked aside so that the page never hangs, and kept for a moment."""
    try:
        found = cache.get("health.workers")
        if found is None:
            found = _asking.submit(_ask_workers).result(timeout=PATIENCE_S)
            cache.set("health.workers", found, WORKERS_KEPT_S)
    except (FutureTimeout, OSError, KombuError, RedisError):
        return None
    return [Worker(name, tuple(queues)) for name, queues in found]


def _ask_workers() -> list[tuple[str, list[str]]]:
    inspect = current_app.control.inspect(timeout=PATIENCE_S / 2)
    answers: dict[str, list[dict[str, Any]]] = inspect.active_queues() or {}
    return [
        (name, sorted(queue["name"] for queue in queues))
        for name, queues in sorted(answers.items())
    ]


def _messages() -> dict[str, int] | None:
    """How many messages lie in each queue; None where Valkey does not answer."""
    client = Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
    )
    try:
        with client.pipeline(transaction=False) as pipe:
            for name in QUEUES:
                pipe.llen(name)
            return dict(zip(QUEUES, pipe.execute(), strict=True))
    except (RedisError, OSError):
        return None
    finally:
        client.close()


def _open_runs() -> list[OpenRun]:
    now = timezone.now()
    runs: list[Run] = []
    for kind in registry.kinds():
        found = kind.model.objects.filter(
            status__in=[Status.PENDING, Status.RUNNING], project__archived_at=None
        )
        runs += found.select_related("project").order_by("created_at")[:50]
    # A run that was resumed waits since then.
    queued = Transition.objects.filter(run_id__in=[run.pk for run in runs], after=Status.PENDING)
    since = dict(queued.values_list("run_id").annotate(Max("at")))
    return [
        OpenRun(run, queue_of(run.task), _since(run, since.get(run.pk, run.created_at)), now)
        for run in runs
    ]


def _since(run: Run, queued_at: datetime) -> datetime:
    if run.status == Status.RUNNING:
        return run.heartbeat_at or queued_at
    return max(queued_at, run.waits_until or queued_at)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
