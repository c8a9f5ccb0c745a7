"""What a worker does around its work: claim, heartbeat, fence, and an honest end."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from webapp.errors import Refused
from webapp.runs import services
from webapp.runs.models import Run, Status
from webapp.text import storable

logger = logging.getLogger(__name__)
R = TypeVar("R", bound=Run)
P = ParamSpec("P")
T = TypeVar("T")

# How often work under way looks whether the run is still this worker's and wanted.
CHECK_S = 0.5


class ClaimLost(Exception):
    """Another worker holds the run now: write nothing more."""


class Cancelled(Exception):
    """A person asked the run to stop."""


class Closed(Exception):
    """The project was archived or deleted: the run waits until it is opened again."""


class RunFailed(Exception):
    """The run can't go on; the message is shown to people."""


class Waits(RunFailed):
    """What the run needs does not answer: it goes on in `seconds`, without a worker till then.
    After `most` of these in a row it fails with the message."""

    def __init__(self, message: str, *, need: UUID, seconds: float, most: int) -> None:
        super().__init__(message)
        self.need = need
        self.seconds = seconds
        self.most = most


class Claim(Generic[R]):
    """A run held by this worker."""

    def __init__(self, run: R) -> None:
        assert run.claim is not None  # noqa: S101  (services.claim has just set it)
        self.run = run
        self.token: UUID = run.claim
        self.lost = threading.Event()
        self.cancelled = threading.Event()
        self.closed = threading.Event()
        self._server_error = ""
        if run.cancel_requested_at is not None:
            self.cancelled.set()

    def beat(self) -> None:
        """Prolong the lease and learn whether a person asked to stop."""
        model = type(self.run)
        held = model.objects.filter(pk=self.run.pk, claim=self.token)
        if not held.update(heartbeat_at=timezone.now()):
            self.lost.set()
        elif held.filter(cancel_requested_at__isnull=False).exists():
            self.cancelled.set()
        elif held.filter(project__archived_at__isnull=False).exists():
            self.closed.set()

    @property
    def is_over(self) -> bool:
        """Whether a person wants the work to stop, now or until the project is open again."""
        return self.cancelled.is_set() or self.closed.is_set()

    def check(self) -> None:
        """Raise where the work has to stop. Call it between units of work."""
        if self.lost.is_set():
            raise ClaimLost
        if self.cancelled.is_set():
            raise Cancelled
        if self.closed.is_set():
            raise Closed

    def note_server_error(self, words: str) -> None:
        """Keep the first reason that a server failed for, whatever the text. Empty is none."""
        self._server_error = self._server_error or storable(words)

    def why_nothing_came(self) -> str:
        """A sentence for the error of a run whose texts all failed. Whoever may open the run reads
        its error, also those who must not know yet what was said about its texts. So a reason
        that is about one text stands with that text only: there blindness hides it."""
        if self._server_error:
            return f"The first reason: {self._server_error}"
        return "The run’s page lists the reasons."

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A short transaction that commits only while this worker holds the run and the project
        takes changes."""
        with transaction.atomic():
            held = (
                type(self.run)
                .objects.select_for_update(of=("self",), no_key=True)
                .select_related("project")
                .only("project__archived_at")
                .filter(pk=self.run.pk, claim=self.token)
                .first()
            )
            if held is None:
                self.lost.set()
                raise ClaimLost
            if held.project.archived_at is not None:
                self.closed.set()
                raise Closed
            yield


@contextmanager
def claimed(model: type[R], run_id: UUID | str) -> Iterator[Claim[R] | None]:
    """Hold the run for the block, or yield None where there is nothing to do. The block's end
    is the run's end: success, the error in words, the cancel, or back to the queue."""
    run = services.claim(model, run_id)
    if run is None:
        yield None
        return
    claim = Claim(run)
    stop = threading.Event()
    beats = threading.Thread(target=_keep_beating, args=(claim, stop), daemon=True)
    beats.start()
    try:
        yield claim
        claim.check()
        services.end(run, claim=claim.token, status=Status.SUCCEEDED)
    except ClaimLost:
        logger.warning("%s: another worker took over", run)
    except Cancelled:
        services.end(run, claim=claim.token, status=Status.CANCELLED)
    except Closed:
        services.release(run, claim=claim.token, reason="The project is closed.")
    except Waits as wait:
        services.wait(
            run,
            claim=claim.token,
            need=wait.need,
            seconds=wait.seconds,
            most=wait.most,
            reason=str(wait),
        )
    except (RunFailed, Refused) as error:
        services.end(run, claim=claim.token, status=Status.FAILED, reason=str(error))
    except Exception as error:
        if _is_lost_connection(error):
            # The database restarts: nothing can be written, and nothing is wrong with the work.
            # The lease runs out, and the reaper gives the run to the next worker.
            logger.warning("%s: the database went away, the run goes on later", run)
            raise
        logger.exception("%s failed", run)
        services.end(
            run,
            claim=claim.token,
            status=Status.FAILED,
            reason="The program failed. The worker’s log has the details. Everything made so far "
            "is saved.",
        )
        raise
    except BaseException:
        # The worker is asked to stop: hand the run to the next one.
        services.release(run, claim=claim.token, reason="The worker was stopped.")
        raise
    finally:
        stop.set()
        beats.join(timeout=5)


def _is_lost_connection(error: Exception) -> bool:
    """Whether the database went away, as opposed to a statement that it refused: the client's
    own errors have no SQLSTATE; 08 is the connection, 57P a server that stops or starts."""
    if not isinstance(error, InterfaceError | OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))


def _keep_beating(claim: Claim[R], stop: threading.Event) -> None:
    try:
        while not stop.wait(settings.RUN_LEASE_S / 4) and not claim.lost.is_set():
            try:
                claim.beat()
            except DatabaseError:
                # The lease may run out meanwhile: then the fence refuses the next write.
                logger.warning("%s: no heartbeat, the database did not answer", claim.run)
                connection.close()
    finally:
        connection.close()


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Run a worker's coroutine to its end and close the connection that `in_db` opened for it."""

    async def closing() -> None:
        try:
            await work
        finally:
            # The proxy is asked inside of that thread: each thread has a connection of its own.
            await in_db(lambda: connection.close())

    asyncio.run(closing())


async def while_held(claim: Claim[R], *units: Coroutine[Any, Any, None]) -> None:
    """Run `units` side by side while this worker holds the run. The first error of one, a lost
    claim or a cancel ends them all: none of them works on when this raises."""
    tasks = [asyncio.ensure_future(unit) for unit in units]
    try:
        pending = set(tasks)
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=CHECK_S, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
            claim.check()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def in_db(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run database work of an async worker in the one thread that holds its connection."""
    return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)
