"""A worker that can be killed: a process that calls one function on the test database.

To start Python and load what a worker needs takes three seconds of a processor. A server does it
once for all workers of a test process, and forks them. The tests' own process has threads, with
which it can't be forked.
"""

import importlib
import os
import tempfile
import threading
from collections.abc import Callable
from multiprocessing import forkserver, get_context
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.waiting import LONG_S, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
# Short, so that a killed worker is missed soon. The test sets the same for itself.
LEASE_S = 1.0
# A test starts up to five workers, one after the other.
TEST_TIMEOUT_S = 6 * LONG_S

_forked = get_context("forkserver")
_forked.set_forkserver_preload(["tests.support.worker_modules"])


class Worker:
    """A started worker; what it prints goes to a file, for the message of a test that fails."""

    def __init__(self, function: str, run_id: object, environment: dict[str, str]) -> None:
        _start_server()
        self._said = tempfile.NamedTemporaryFile()  # noqa: SIM115 (removed with the worker)
        arguments = (function, str(run_id), environment, self._said.name)
        self._process = _forked.Process(target=_work, args=arguments, daemon=True)
        self._process.start()

    @property
    def is_over(self) -> bool:
        return not self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def exit_code(self) -> int | None:
        """Wait for its end; None where it does not come."""
        self._process.join(LONG_S)
        return self._process.exitcode

    @property
    def said(self) -> str:
        return Path(self._said.name).read_text(errors="replace")


def start_worker(function: str, run_id: object, **environment: str) -> Worker:
    """Work on a run in a process of its own; `function` is "module:name"."""
    return Worker(function, run_id, environment)


def kill_when(worker: Worker, is_time: Callable[[], object]) -> None:
    """SIGKILL the worker as soon as `is_time()`; fails where it ends before."""
    try:
        wait_until(
            lambda: worker.is_over or is_time(), "the moment to kill the worker", within_s=LONG_S
        )
        assert not worker.is_over, "the worker ended by itself"
    except AssertionError as error:
        error.add_note(worker.said)
        raise
    finally:
        worker.kill()


def kill_after(function: str, run_id: object, done: Callable[[], int], count: int) -> None:
    """Start a worker that commits `count` of what `done()` counts, and SIGKILL it when it has
    written the next and not committed them. `function` has to call `hold_after`."""
    kill_held(function, run_id, HOLD_AFTER=str(count))
    assert done() >= count


def kill_held(function: str, run_id: object, **environment: str) -> None:
    """Start a worker and SIGKILL it where it calls `hold_until_killed`."""
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder, "held")
        kill_when(start_worker(function, run_id, HELD=str(held), **environment), held.exists)


def hold_after(done: Callable[[], int]) -> None:
    """In the worker: once HOLD_AFTER of what `done()` counts are committed, hold the next
    transaction, its rows written, until the process is killed. Without HOLD_AFTER nothing is held.

    Every transaction of a run ends with a message to the open pages: that is where it is held.
    """
    from webapp.runs import live

    if "HOLD_AFTER" not in os.environ:
        return
    limit, committed, publish = int(os.environ["HOLD_AFTER"]), done(), live.publish

    def publish_or_hold(topic: str) -> None:
        nonlocal committed
        if committed >= limit:
            hold_until_killed()
        committed = done()
        publish(topic)

    live.publish = publish_or_hold


def hold_until_killed() -> None:
    """In the worker. Where nobody kills it, as when the test itself was ended, it ends."""
    Path(os.environ["HELD"]).touch()
    threading.Event().wait(LONG_S)
    raise SystemExit("nobody killed this worker")


def finish(worker: Worker) -> None:
    """Wait for a worker to end well."""
    code = worker.exit_code()
    assert code == 0, f"exit code {code}:\n{worker.said}"


def _start_server() -> None:
    """Where it does not run yet. Its workers have the environment that it was started with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("DATABASE_URL", _test_database())
        patch.setenv("KARDIA_RUN_LEASE_S", str(LEASE_S))
        forkserver.ensure_running()


def _test_database() -> str:
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def _work(function: str, run_id: str, environment: dict[str, str], said: str) -> None:
    """In the worker."""
    with Path(said).open("wb", buffering=0) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ.update(environment)
    importlib.import_module("tests.support.worker_modules")
    module, name = function.split(":")
    getattr(importlib.import_module(module), name)(run_id)
