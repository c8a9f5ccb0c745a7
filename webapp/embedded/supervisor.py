"""Keeps children running: starts them in order, restarts what crashes, stops in reverse."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from webapp.embedded.console import Console, LogTail
from webapp.embedded.process import ServiceError, kill_group, last_lines

CRASHES_ALLOWED = 3
CRASH_WINDOW = 30.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child(Protocol):
    name: str
    log: Path
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


class StopRequested(Exception):
    """Somebody asked the supervisor to end, by Ctrl-C or a signal."""


class GaveUp(Exception):
    """A child without which nothing works crashes again and again; the message shows why."""


class Supervisor:
    """Use as a context: leaving it stops every child, in whatever way it is left.

    Inside, SIGINT, SIGTERM and SIGHUP raise StopRequested; while it stops, another one kills.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._children: list[_Watched] = []

    def __enter__(self) -> "Supervisor":
        _on_stop_signals(_request_stop)
        return self

    def __exit__(self, why: type[BaseException] | None, *_: object) -> None:
        _on_stop_signals(self._kill_all)
        if why is StopRequested:
            self._console.say("Stopping. A second Ctrl-C kills.")
        self._stop_all()
        _on_stop_signals(signal.SIG_DFL)

    def start(self, child: Child, *, essential: bool, talks: bool = True) -> None:
        """Start and watch a child. Where an essential one is given up, everything ends.

        The warnings and errors of a child that `talks` are shown in the terminal.
        Raises ServiceError or OSError where it does not start.
        """
        # Watched before it is started, so that a stop in the middle of a start stops it too.
        self._children.append(_Watched(child, essential=essential, talks=talks))
        child.start()

    def run_step(self, child: Child, show: Callable[[str], bool]) -> None:
        """Run a child to its end, showing the lines that `show` picks.

        Raises ServiceError with its last lines where it fails.
        """
        tail = LogTail(child.log)
        try:
            child.start()
            while child.process and child.process.poll() is None:
                self._show(child.name, tail, show)
                time.sleep(0.05)
            self._show(child.name, tail, show)
        finally:
            child.stop()
        if child.process and child.process.returncode:
            raise ServiceError(f"{child.name} failed:\n{last_lines(child.log)}")

    def watch(self, until: Callable[[], bool] = lambda: False, every: float = 0.2) -> None:
        """Look after the children until `until` is true.

        Raises GaveUp, and StopRequested as every method does.
        """
        while not until():
            for watched in self._children:
                self._look_after(watched)
            time.sleep(every)

    def _look_after(self, watched: "_Watched") -> None:
        if watched.talks:
            self._console.say_for(watched.child.name, "\n".join(watched.tail.trouble()))
        if watched.given_up or not watched.has_ended():
            return
        how = _how_it_ended(watched.child.process)
        if watched.count_crash() >= CRASHES_ALLOWED:
            self._give_up(watched, how)
            return
        self._console.say_for(watched.child.name, f"{how}: restarting it")
        try:
            watched.restart()
        except (ServiceError, OSError) as error:  # seen as another crash at the next look
            self._console.say_for(watched.child.name, str(error))

    def _give_up(self, watched: "_Watched", how: str) -> None:
        watched.given_up = True
        name, log = watched.child.name, watched.child.log
        message = (
            f"{how} {CRASHES_ALLOWED} times, each within {CRASH_WINDOW:.0f} s; it is given up."
        )
        self._console.say_for(name, f"{message} The end of {log}:\n{last_lines(log)}")
        if watched.essential:
            raise GaveUp(f"Nothing works without {name}.")

    def _show(self, name: str, tail: LogTail, show: Callable[[str], bool]) -> None:
        self._console.say_for(name, "\n".join(line for line in tail.new_lines() if show(line)))

    def _stop_all(self) -> None:
        """Programs end together, services after them, in reverse of their start."""
        children = [watched.child for watched in reversed(self._children)]
        for child in children:
            ask_to_stop = getattr(child, "ask_to_stop", None)
            if ask_to_stop:
                ask_to_stop()
        for child in children:
            child.stop()

    def _kill_all(self, *_: object) -> None:
        for watched in self._children:
            if watched.child.process:
                kill_group(watched.child.process)


class _Watched:
    def __init__(self, child: Child, *, essential: bool, talks: bool) -> None:
        self.child = child
        self.essential = essential
        self.talks = talks
        self.given_up = False
        self.tail = LogTail(child.log)
        self._started = time.monotonic()
        self._crashes = 0

    def has_ended(self) -> bool:
        return self.child.process is not None and self.child.process.poll() is not None

    def count_crash(self) -> int:
        """How often in a row it ended soon after its start.

        In a row, rather than per minute: a program that needs ten seconds to fail is hopeless too.
        """
        soon = time.monotonic() - self._started < CRASH_WINDOW
        self._crashes = self._crashes + 1 if soon else 1
        return self._crashes

    def restart(self) -> None:
        self._started = time.monotonic()
        self.child.start()


def _how_it_ended(process: subprocess.Popen[bytes] | None) -> str:
    code = process.returncode if process else None
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit status {code}"


def _request_stop(number: int, frame: FrameType | None) -> None:
    # Only once: a second signal must not interrupt the orderly end that the first one begins.
    _on_stop_signals(signal.SIG_IGN)
    raise StopRequested


def _on_stop_signals(
    handler: "Callable[[int, FrameType | None], object] | signal.Handlers",
) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, handler)
