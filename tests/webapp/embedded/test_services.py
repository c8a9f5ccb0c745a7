"""The embedded PostgreSQL and Valkey start, keep what they hold, and leave nothing behind."""

import os
from pathlib import Path

import psycopg
import pytest
import redis

from tests.support.waiting import SHORT_S, wait_until
from tests.webapp.embedded.conftest import processes_naming
from webapp.embedded import homes
from webapp.embedded.postgres import Postgres
from webapp.embedded.process import ServiceError
from webapp.embedded.valkey import Valkey

pytestmark = pytest.mark.slow

START_BOTH = """
import time
from webapp.embedded.postgres import Postgres
from webapp.embedded.valkey import Valkey
for kind in (Postgres, Valkey):
    service = kind(place / "home", log=place / "log", durable=False)
    service.start()
    print(service.process.pid, flush=True)
time.sleep(3600)
"""


def test_the_plugin_has_started_both() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT current_database(), lower('ÄÖ')").fetchone()
    assert row == ("kardia", "äö")
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()


def test_postgres_keeps_its_rows_over_a_restart(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    postgres.stop()
    assert processes_naming(str(postgres.home)) == []

    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_valkey_keeps_its_queue_over_a_restart(place: Path) -> None:
    valkey = Valkey(place / "home", log=place / "log")
    valkey.start()
    redis.Redis.from_url(valkey.url).rpush("queue", "message")
    valkey.stop()
    assert processes_naming(str(place)) == []

    valkey.start()
    try:
        assert redis.Redis.from_url(valkey.url).lrange("queue", 0, -1) == [b"message"]
    finally:
        valkey.stop()


def test_only_the_owner_reaches_the_socket(postgres: Postgres) -> None:
    folder = postgres.home / "sockets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "listen_addresses=\n" not in (postgres.home / "postgres" / "postmaster.opts").read_text()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_long_path_gets_a_short_socket_folder(place: Path) -> None:
    home = place / ("deep" * 25)
    home.mkdir()
    valkey = Valkey(home, log=place / "log", durable=False)
    valkey.start()
    folder = Path(valkey.url.removeprefix("unix://")).parent
    try:
        assert redis.Redis.from_url(valkey.url).ping()
        assert len(str(folder)) <= homes.SOCKET_FOLDER_LIMIT
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        valkey.stop()
        folder.rmdir()


def test_a_killed_parent_leaves_no_server_and_no_lock(place: Path, script) -> None:
    parent = script(START_BOTH)
    pids = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(_is_running, pids)), "the end of both servers")

    postgres = Postgres(place / "home", log=place / "log", durable=False)
    postgres.start()
    postgres.stop()


def test_a_pid_file_that_names_another_process_is_dropped(postgres: Postgres) -> None:
    postgres.stop()
    pid_file = postgres.home / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{postgres.home / 'postgres'}\n")
    postgres.start()
    assert int(pid_file.read_text().split()[0]) == postgres.process.pid


def test_a_server_that_outlived_its_parent_is_ended(postgres: Postgres) -> None:
    orphan = postgres.process
    postgres.start()
    assert orphan.wait(timeout=SHORT_S) == 0
    assert postgres.process.poll() is None


def test_an_old_postgres_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PG_BIN", str(place))
    with pytest.raises(ServiceError, match="PostgreSQL 15 or later is needed.*14.11"):
        Postgres(place / "home", log=place / "log").start()


def test_data_of_another_version_is_refused(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.home / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServiceError, match="made by PostgreSQL 16"):
        postgres.start()


def test_the_reason_is_shown_when_postgres_does_not_start(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.home / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServiceError, match="no_such_setting"):
        postgres.start()


def test_data_stays_with_the_checkout_unless_the_service_user_is_shut_out(place: Path) -> None:
    inside = place / "private" / "var"
    assert homes.data_home(inside) == inside
    (place / "private").mkdir(mode=0o700)
    kept = homes.data_home(inside)
    assert kept == homes.data_home(inside)
    assert (kept == inside) == (homes.service_user() is None)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
