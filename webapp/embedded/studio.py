"""`make run`: everything of the studio in one process tree, on this machine."""

import contextlib
import http.client
import importlib.util
import os
import socket
import sys
import time
from collections.abc import Iterator

from webapp.embedded import homes
from webapp.embedded.backup import finish_restore
from webapp.embedded.checkout_lock import only_one
from webapp.embedded.console import Console, rotate
from webapp.embedded.process import ServiceError
from webapp.embedded.program import Program
from webapp.embedded.services import (
    OWNER_URL,
    embedded_services,
    owner_address,
    published,
    with_mode,
)
from webapp.embedded.supervisor import StopRequested, Supervisor

READY_WITHIN = 90.0


class Studio:
    """One start of the studio. The web is on `port`, the local model server on the next one."""

    def __init__(self, *, port: int, demo: bool) -> None:
        self._port = port
        self._demo = demo
        self._var = homes.var()
        self._console = Console()
        self._environment = with_mode(
            {
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                # `manage.py` makes Django's checks; in a worker they would load every page.
                "CELERY_SKIP_CHECKS": "1",
                "KARDIA_LOCAL_MODEL_URL": f"http://127.0.0.1:{port + 1}/v1",
            },
            demo=demo,
        )

    def run(self) -> None:
        """Run until somebody stops it.

        Raises ServiceError where it does not start, GaveUp where it does not keep running.
        """
        try:
            with only_one(self._var):
                self._check_ports()
                with Supervisor(self._console) as supervisor:
                    self._run(supervisor)
        except StopRequested:
            self._console.say("Stopped.")

    def _run(self, supervisor: Supervisor) -> None:
        started = time.monotonic()
        self._console.say("Kardia Studio is starting. Ctrl-C stops it.")
        self._start_services(supervisor)
        with published(self._var, self._environment):
            self._set_up(supervisor)
            self._start_web(supervisor)
            self._wait_until_ready(supervisor)
            self._start_workers(supervisor)
            self._say_where(time.monotonic() - started)
            supervisor.watch()

    def _check_ports(self) -> None:
        for port in (self._port, self._port + 1):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise ServiceError(
                        f"Port {port} can't be used ({error.strerror}). Choose another pair with "
                        f"`make run PORT={self._port + 10}` (it and the next one must be free)."
                    ) from None

    def _start_services(self, supervisor: Supervisor) -> None:
        for service in embedded_services(self._var):
            with self._timed(service.name):
                supervisor.start(service, essential=True, talks=False)
            self._environment.update(service.addresses)

    def _set_up(self, supervisor: Supervisor) -> None:
        finish_restore(owner_address(self._environment))  # of one that was cut off
        with self._timed("migrate"):
            migrate = self._program("migrate", "manage.py", "migrate", "--no-color", as_owner=True)
            supervisor.run_step(migrate, show=lambda line: "Applying" in line)
        if self._demo:
            with self._timed("demo"):
                # The sign-ins that it prints are shown at the end, where they stay in sight.
                demo = self._program("demo", "manage.py", "setup_demo", "--no-color")
                supervisor.run_step(demo, show=lambda line: "@" not in line)
        else:
            # Says how to create an administrator while there is none.
            people = self._program("people", "manage.py", "create_administrator", "--no-color")
            supervisor.run_step(people, show=lambda line: True)

    def _start_web(self, supervisor: Supervisor) -> None:
        """First and alone: pages are there before the workers have loaded their libraries."""
        web = self._program(
            *("web", "-m", "uvicorn", "webapp.asgi:application", "--host", "127.0.0.1"),
            *("--port", str(self._port), "--timeout-graceful-shutdown", "3"),
            # Paths of invitation and password links are secrets: they stay out of the log.
            "--no-access-log",
            # Headers of a proxy are read by webapp.asgi, from the proxies in KARDIA_PROXIES.
            "--no-proxy-headers",
        )
        supervisor.start(web, essential=True)

    def _start_workers(self, supervisor: Supervisor) -> None:
        celery = ["-m", "celery", "-A", "webapp.celery"]
        worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        beat = ["-m", "celery", "-A", "webapp.beat", "beat"]
        threads = ["-P", "threads", "-c", "4"]
        programs = [
            # Apart, because a run of model calls holds its process for as long as it lasts.
            self._program("worker", *worker, "-Q", "default", "-c", "2", "-n", "worker@%h"),
            self._program("llm", *worker, "-Q", "llm", "-c", "2", "-n", "llm@%h"),
            self._program("gpu", *worker, "-Q", "gpu", "-c", "1", "-n", "gpu@%h"),
            # In threads, because a test waits for a server most of the time.
            self._program("tests", *worker, "-Q", "tests", *threads, "-n", "tests@%h"),
            self._program("reaper", *worker, "-Q", "reaper", "-P", "solo", "-n", "reaper@%h"),
            self._program("beat", *beat, "-s", str(self._var / "beat"), "--pidfile="),
        ]
        if importlib.util.find_spec("torch"):
            programs.append(self._local_models())
        else:
            self._console.say("No local models and no training: torch is not installed.")
        for program in programs:
            supervisor.start(program, essential=False)

    def _local_models(self) -> Program:
        return self._program(
            *("model", "-m", "webapp.llm.local", "--models-dir", str(self._var / "models")),
            *("--port", str(self._port + 1), "--when-asked"),
        )

    def _program(self, name: str, *args: str, as_owner: bool = False) -> Program:
        log = self._var / "log" / f"{name}.log"
        rotate(log)
        hidden = set() if as_owner else {OWNER_URL}
        return Program(
            name,
            [sys.executable, *args],
            log=log,
            environment={
                name: value for name, value in self._environment.items() if name not in hidden
            },
            folder=homes.CHECKOUT,
        )

    def _wait_until_ready(self, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + READY_WITHIN

        def ready_or_late() -> bool:
            return self._answers() or time.monotonic() > deadline

        with self._timed("web"):
            supervisor.watch(until=ready_or_late)
        if not self._answers():
            raise ServiceError(f"The web does not answer after {READY_WITHIN:.0f} s: see var/log")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            # A redirect to https, or a refused host name, is the answer of a web that is up.
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _say_where(self, seconds: float) -> None:
        say, bold = self._console.say, self._console.bold
        say(f"Ready in {seconds:.1f} s.\n\n  {bold(f'http://127.0.0.1:{self._port}')}\n")
        sign_ins = self._var / "demo-passwords"
        if self._demo and sign_ins.exists():
            say("  Sign in with one of")
            for line in sign_ins.read_text().splitlines():
                say(f"    {line}")
            say()
        say(f"Logs are in {os.path.relpath(self._var / 'log')}.")

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._console.say(f"  {what:<9} ready after {time.monotonic() - started:.1f} s")
