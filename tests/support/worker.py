"""A worker that can be killed: a process that calls one task's function on the test database.

As a program: `python -m tests.support.worker annotation.corpus.work:work RUN_ID`.
"""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support.waiting import LONG_S, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
# Short, so that a killed worker is missed soon. The test sets the same for itself.
LEASE_S = 1.0
# A test starts up to five workers, one after the other.
TEST_TIMEOUT_S = 6 * LONG_S


def start_worker(function: str, run_id: object, **environment: str) -> subprocess.Popen[bytes]:
    """Work on a run in a process of its own; `function` is "module:name"."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.worker", function, str(run_id)],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": _test_database(), "KARDIA_RUN_LEASE_S": str(LEASE_S)}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def kill_when(process: subprocess.Popen[bytes], is_time: Callable[[], object]) -> None:
    """SIGKILL the worker as soon as `is_time()`; fails where it ends before."""
    try:
        wait_until(
            lambda: process.poll() is not None or is_time(),
            "the moment to kill the worker",
            within_s=LONG_S,
        )
        assert process.poll() is None, "the worker ended by itself"
    except AssertionError as error:
        process.kill()
        error.add_note(process.communicate()[0].decode(errors="replace"))
        raise
    process.send_signal(signal.SIGKILL)
    process.communicate()


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


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a worker to end well."""
    said, _ = process.communicate(timeout=LONG_S)
    if process.returncode:
        raise AssertionError(said.decode(errors="replace"))


def _test_database() -> str:
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    module, name = sys.argv[1].split(":")
    getattr(importlib.import_module(module), name)(sys.argv[2])


if __name__ == "__main__":
    main()
