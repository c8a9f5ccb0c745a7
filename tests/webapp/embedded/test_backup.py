"""A backup brings back every row and file, or changes nothing."""

import io
import json
import tarfile
from pathlib import Path

import psycopg
import pytest

from webapp.embedded.backup import backup, restore
from webapp.embedded.postgres import Postgres
from webapp.embedded.process import ServiceError

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def filled(place: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARDIA_VAR", str(place))
    (place / "files" / "ab").mkdir(parents=True)
    (place / "files" / "ab" / "one").write_bytes(b"\x00one")
    change(
        postgres,
        "CREATE ROLE eraser NOLOGIN",
        "CREATE TABLE turn (id int PRIMARY KEY, text text)",
        "INSERT INTO turn VALUES (1, 'שלום 🙂'), (2, NULL)",
        "GRANT DELETE ON turn TO eraser",
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT n * 2'",
        "ALTER FUNCTION twice OWNER TO eraser",
    )


def change(postgres: Postgres, *statements: str) -> None:
    with psycopg.connect(postgres.url) as connection:
        for statement in statements:
            connection.execute(statement)


def rows(postgres: Postgres, query: str = "SELECT id, text FROM turn ORDER BY id"):
    with psycopg.connect(postgres.url) as connection:
        return connection.execute(query).fetchall()


def test_a_round_trip_brings_back_rows_files_and_roles(postgres: Postgres, place: Path) -> None:
    archive = place / "backup.tar"
    backup(postgres.url, archive)
    assert archive.stat().st_mode & 0o777 == 0o600

    change(postgres, "DROP FUNCTION twice", "DROP TABLE turn", "DROP ROLE eraser")
    change(postgres, "CREATE TABLE later (id int)")
    (place / "files" / "ab" / "one").unlink()
    (place / "files" / "later").write_text("later")
    restore(postgres.url, archive, replace=True)

    assert rows(postgres) == [(1, "שלום 🙂"), (2, None)]
    assert rows(postgres, "SELECT twice(4), to_regclass('later')") == [(8, None)]
    assert rows(postgres, "SELECT has_table_privilege('eraser', 'turn', 'DELETE')") == [(True,)]
    owner = "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'twice'"
    assert rows(postgres, owner) == [("eraser",)]
    files = [path for path in (place / "files").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in files] == [b"\x00one"]


def test_a_database_with_tables_is_not_overwritten_unasked(postgres: Postgres, place: Path) -> None:
    backup(postgres.url, place / "backup.tar")
    change(postgres, "DELETE FROM turn")
    with pytest.raises(ServiceError, match="not empty.*--replace"):
        restore(postgres.url, place / "backup.tar", replace=False)
    assert rows(postgres) == []


def test_a_restore_that_fails_changes_nothing(postgres: Postgres, place: Path) -> None:
    archive = place / "backup.tar"
    manifest = {"format": 1, "roles": [], "user": "postgres"}
    with tarfile.open(archive, "w") as tar:
        for name, content in (
            ("manifest.json", json.dumps(manifest).encode()),
            ("database.dump", b"PGDMP but broken"),
            ("files/other", b"other"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with pytest.raises(ServiceError, match="pg_restore failed"):
        restore(postgres.url, archive, replace=True)
    assert len(rows(postgres)) == 2
    assert (place / "files" / "ab" / "one").exists()
    assert not (place / "files" / "other").exists()


def test_nothing_is_written_outside_the_folder(postgres: Postgres, place: Path) -> None:
    archive = place / "backup.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("../escaped", str(place / "escaped"), "files/../../escaped"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(ServiceError, match="not a backup"):
        restore(postgres.url, archive, replace=True)
    assert not (place / "escaped").exists()
    assert not (place.parent / "escaped").exists()
