"""Child processes that never outlive their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1

# Looked up before any fork: after it, in the child, loading a library may dead-lock.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceError(Exception):
    """A child process did not start or did not become ready; the message says why."""


def spawn(
    args: Sequence[str | Path],
    *,
    log: Path,
    death_signal: signal.Signals = signal.SIGKILL,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, appending what it prints to the private `log`.

    The kernel sends it `death_signal` when the thread that called this ends, so call it from the
    main thread (Linux; elsewhere a child of a killed parent is found and ended at the next start).
    Raises OSError where the program cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=_private) as output:  # noqa: PTH123 - Path.open takes no opener
        return subprocess.Popen(
            [str(arg) for arg in args],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # The parent-death signal is cleared by a change of user; Popen changes it before this.
            preexec_fn=_die_with(os.getpid(), death_signal),  # noqa: PLW1509
            **options,
        )


def stop(process: subprocess.Popen[bytes], how: signal.Signals, timeout: float) -> None:
    """Send `how`; after `timeout` seconds kill the whole group of the child. Safe to repeat."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and everything that it started and left in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for an error message; empty where there is none."""
    try:
        with log.open("rb") as lines:
            lines.seek(max(0, log.stat().st_size - 16_384))
            text = lines.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def end_stale(pid_file: Path, *, mark: str) -> None:
    """End a server that outlived a killed parent, and drop the pid file.

    Only a process with `mark` in its command line is that server: its number may have gone to
    another process since. Raises ServiceError where it does not end.
    """
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        for attempt in range(100):
            if mark not in _command_of(pid):
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if attempt < 50 else signal.SIGKILL)
            time.sleep(0.1)
        else:
            raise ServiceError(f"An earlier server (process {pid}) does not end")
    pid_file.unlink(missing_ok=True)


def _command_of(pid: int) -> str:
    """The command line of a process, empty where there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def in_child() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child
