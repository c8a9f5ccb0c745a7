"""Answers for the supervisor and a load balancer, and what administrators see of the machinery."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from webapp.runs import registry
from webapp.runs.models import Run, Status

QUEUES = ("default", "llm", "gpu", "tests", "reaper")
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
    checks = {"database": _database_answers(), "valkey": _queues() is not None}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


@dataclass(frozen=True)
class Worker:
    name: str
    queues: str


@dataclass(frozen=True)
class OpenRun:
    run: Run
    kind: str
    silent: timedelta | None

    @property
    def is_late(self) -> bool:
        return self.silent is not None and self.silent.total_seconds() > settings.RUN_LEASE_S


@dataclass(frozen=True)
class Report:
    # None: nobody answered within PATIENCE_S.
    workers: list[Worker] | None
    # None: Valkey did not answer.
    queues: list[tuple[str, int]] | None
    disk_free: int
    disk_total: int
    database_version: str
    database_bytes: int
    runs: list[OpenRun]

    @property
    def disk_is_short(self) -> bool:
        return self.disk_free < 4 * settings.DISK_RESERVE_BYTES


def report() -> Report:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(settings.VAR_DIR)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        )
        version, size = cursor.fetchone()
    return Report(
        workers=_workers(),
        queues=_queues(),
        disk_free=disk.free,
        disk_total=disk.total,
        database_version=version,
        database_bytes=size,
        runs=_open_runs(),
    )


def _workers() -> list[Worker] | None:
    """Who answers a ping, asked aside so that the page never hangs, and kept for a moment."""
    found = cache.get("health.workers")
    if found is None:
        try:
            found = _asking.submit(_ask_workers).result(timeout=PATIENCE_S)
        except (FutureTimeout, OSError, KombuError, RedisError):
            return None
        cache.set("health.workers", found, WORKERS_KEPT_S)
    return [Worker(name, queues) for name, queues in found]


def _ask_workers() -> list[tuple[str, str]]:
    inspect = current_app.control.inspect(timeout=PATIENCE_S / 2)
    answers: dict[str, list[dict[str, Any]]] = inspect.active_queues() or {}
    return [
        (name, ", ".join(sorted(queue["name"] for queue in queues)))
        for name, queues in sorted(answers.items())
    ]


def _queues() -> list[tuple[str, int]] | None:
    client = Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
    )
    try:
        with client.pipeline(transaction=False) as pipe:
            for name in QUEUES:
                pipe.llen(name)
            return list(zip(QUEUES, pipe.execute(), strict=True))
    except (RedisError, OSError):
        return None
    finally:
        client.close()


def _open_runs() -> list[OpenRun]:
    now = timezone.now()
    found = []
    for kind in registry.kinds():
        runs = kind.model.objects.filter(status__in=[Status.PENDING, Status.RUNNING])
        for run in runs.select_related("project").order_by("created_at")[:50]:
            silent = now - run.heartbeat_at if run.status == Status.RUNNING else None
            found.append(OpenRun(run, kind.model.title, silent))
    return found


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
