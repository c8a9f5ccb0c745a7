"""A studio of an earlier version, where one role owned all and did all, goes on after an update."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.migrated import restore_for_one_role
from tests.support.services import is_ours
from tests.support.waiting import LONG_S
from webapp.embedded import homes
from webapp.embedded.postgres import Postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_ours("DATABASE_URL"), reason="reads the migrated database of ours"),
]

BEFORE = ("runs", "0001")  # the last one in which `runs_transition` could be emptied
AN_ENTRY = (
    "INSERT INTO audit_entry (at, action, object_kind, object_id, details) "
    "VALUES (now(), 'project.made', 'project', '1', '{}')"
)


def migrate(place: Path, addresses: dict[str, str], *args: str) -> None:
    environment = {**os.environ, "DATABASE_OWNER_URL": "", **addresses, "KARDIA_VAR": str(place)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", *args],
        cwd=homes.CHECKOUT,
        env=environment,
        timeout=LONG_S,
        check=True,
    )


@pytest.fixture
def earlier(
    postgres: Postgres,
    place: Path,
    pytestconfig: pytest.Config,
    django_db_modify_db_settings: None,  # makes the migrated database
) -> Postgres:
    """A server whose database belongs to the superuser, and lacks a migration."""
    with psycopg.connect(postgres.superuser_url) as server:
        server.execute("ALTER DATABASE kardia OWNER TO postgres")
        server.execute("ALTER SCHEMA public OWNER TO postgres")
    restore_for_one_role(pytestconfig.cache.mkdir("migrated"), postgres.superuser_url)
    migrate(place, {"DATABASE_URL": postgres.superuser_url}, *BEFORE)
    with psycopg.connect(postgres.superuser_url) as server:
        server.execute(AN_ENTRY)
    for name in ("files", "runs"):
        (place / name).mkdir(mode=0o755)
    return postgres


def owners(server: psycopg.Connection[Any]) -> set[str]:
    return {
        owner
        for (owner,) in server.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace "
            "UNION SELECT pg_get_userbyid(proowner) FROM pg_proc "
            "WHERE pronamespace = 'public'::regnamespace"
        )
    }


def test_its_data_are_handed_over_and_migrated(earlier: Postgres, place: Path) -> None:
    with psycopg.connect(earlier.superuser_url) as server:
        assert owners(server) == {"postgres"}
    earlier.stop()
    earlier.start()
    migrate(place, earlier.addresses)

    with psycopg.connect(earlier.superuser_url) as server:
        assert owners(server) == {"kardia_owner"}
        assert server.execute("SELECT action FROM audit_entry").fetchall() == [("project.made",)]
        triggers = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'runs_transition'::regclass"
        triggers += " AND tgname LIKE '%no_truncate%'"
        assert server.execute(triggers).fetchone() == (1,)
    with psycopg.connect(earlier.url, autocommit=True) as application:
        application.execute(AN_ENTRY)
        for statement in (
            "DELETE FROM audit_entry",
            "TRUNCATE runs_transition",
            "CREATE TABLE a ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)
    assert {(place / name).stat().st_mode & 0o777 for name in ("files", "runs")} == {0o700}
