"""A worker that can be killed: a process that calls one task's function on the test database.

As a program: `python -m tests.kill.worker annotation.work.imports:work RUN_ID`.
"""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent.parent
# Short, so that a killed worker is missed soon. The test sets the same for itself.
LEASE_S = 1.0
# Loading what a worker needs alone takes minutes where the machine has much else to do.
GETS_NOWHERE_AFTER_S = 600


def start_worker(function: str, run_id: object, **environment: str) -> subprocess.Popen[bytes]:
    """Work on a run in a process of its own; `function` is "module:name"."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.kill.worker", function, str(run_id)],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": _test_database(), "KARDIA_RUN_LEASE_S": str(LEASE_S)}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def kill_when(process: subprocess.Popen[bytes], is_time: Callable[[], bool]) -> None:
    """SIGKILL the worker as soon as `is_time()`; fails where it ends before."""
    deadline = time.monotonic() + GETS_NOWHERE_AFTER_S
    while not is_time():
        if process.poll() is not None:
            raise AssertionError(f"The worker ended by itself: {_said(process)}")
        if time.monotonic() > deadline:
            process.kill()
            process.wait(timeout=30)
            raise AssertionError(f"The worker got nowhere: {_said(process)}")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a worker to end well."""
    said, _ = process.communicate(timeout=GETS_NOWHERE_AFTER_S)
    if process.returncode:
        raise AssertionError(said.decode(errors="replace"))


def _said(process: subprocess.Popen[bytes]) -> str:
    if process.stdout is None or process.poll() is None:
        return ""
    return process.stdout.read().decode(errors="replace")


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
