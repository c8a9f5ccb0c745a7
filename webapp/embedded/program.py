"""A program of the studio (web, worker, ...) as a supervised child."""

import contextlib
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from webapp.embedded.process import kill_group, spawn


class Program:
    """It has what Postgres and Valkey have too: name, log, process, start, stop."""

    def __init__(
        self,
        name: str,
        args: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._args = args
        self._environment = environment
        self._folder = folder

    def start(self) -> None:
        """Raises OSError where the program cannot be started."""
        if self.process:
            kill_group(self.process)  # what a crashed one may have left
        self.process = spawn(
            self._args, log=self.log, env=dict(self._environment), cwd=self._folder
        )

    def ask_to_stop(self) -> None:
        """Begin an orderly end, so that several programs can end at the same time."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, timeout: float = 10) -> None:
        """End it; after `timeout` seconds kill it with everything that it started."""
        if self.process:
            self.ask_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
            kill_group(self.process)
            self.process.wait()
