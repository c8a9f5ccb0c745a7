"""A backup brings back every row, file and checkpoint, or changes nothing."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.webapp.embedded.conftest import archive_of
from webapp.embedded import archive as archives
from webapp.embedded.backup import FOLDERS, backup, finish_restore, restore
from webapp.embedded.postgres import Postgres
from webapp.embedded.process import ServiceError

pytestmark = pytest.mark.slow

KEY = b"the key of this studio"
CONTENTS = {
    "files/ab/one": b"\x00one",
    "runs/0a/checkpoints/10/model.safetensors": b"weights of a run",
    "weights/0b/model.safetensors": b"weights that were added",
}
RESTORE_AND_HOLD = """
import os, threading
os.environ["KARDIA_VAR"] = str(place)
from webapp.embedded import backup

def hold(*args, **options):
    print("held", flush=True)
    threading.Event().wait(600)

rename = Path.rename
def hold_after_one(path, target):
    rename(path, target)
    if path.parent.name == "new":
        hold()

if "{held_at}" == "moved":
    Path.rename = hold_after_one
else:
    calls, kept = [], backup.{held_at} if hasattr(backup, "{held_at}") else None
    def second(*args):
        # The first call of finish_restore looks for what an earlier restore left.
        calls.append(args)
        return hold() if "{held_at}" == "_load" or len(calls) == 2 else kept(*args)
    backup.{held_at} = second
backup.restore("{url}", place / "backup.tar", replace=True, key={key}, ask=lambda _: False)
"""
BACKUP_AND_HOLD = """
import os, threading
os.environ["KARDIA_VAR"] = str(place)
from webapp.embedded import archive, backup

def hold(*args):
    print("held", flush=True)
    threading.Event().wait(600)

archive.Writer.sign = hold
backup.backup("{url}", place / "backup.tar", key={key})
"""


@pytest.fixture(autouse=True)
def filled(place: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARDIA_VAR", str(place))
    for name, content in CONTENTS.items():
        (place / name).parent.mkdir(parents=True)
        (place / name).write_bytes(content)
    change(
        postgres,
        "CREATE TABLE turn (id int PRIMARY KEY, text text)",
        "INSERT INTO turn VALUES (1, 'שלום 🙂'), (2, NULL)",
        "GRANT SELECT ON turn TO kardia_app",
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
    )


def change(postgres: Postgres, *statements: str) -> None:
    with psycopg.connect(postgres.owner_url) as connection:
        for statement in statements:
            connection.execute(statement)


def rows(postgres: Postgres, query: str = "SELECT id, text FROM turn ORDER BY id"):
    with psycopg.connect(postgres.owner_url) as connection:
        return connection.execute(query).fetchall()


def contents(place: Path) -> dict[str, bytes]:
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for folder in FOLDERS
        for path in (place / folder).rglob("*")
        if path.is_file()
    }


def save(postgres: Postgres, archive: Path, key: bytes = KEY) -> None:
    backup(postgres.owner_url, archive, key=key)


def bring_back(postgres: Postgres, archive: Path, *, replace: bool = True, says: Any = None) -> str:
    """Restore it; returns what was asked. Without `says`, being asked is a failure."""
    asked: list[str] = []

    def ask(warning: str) -> bool:
        asked.append(warning)
        assert says is not None, warning
        return bool(says)

    restore(postgres.owner_url, archive, replace=replace, key=KEY, ask=ask)
    return "".join(asked)


def lose_everything(postgres: Postgres, place: Path) -> None:
    """And have other things in its place."""
    change(postgres, "DROP FUNCTION twice", "DROP TABLE turn", "CREATE TABLE later (id int)")
    for folder in FOLDERS:
        shutil.rmtree(place / folder)
        (place / folder).mkdir()
        (place / folder / "later").write_text("later")


def test_a_round_trip_brings_back_rows_rights_files_and_weights(
    postgres: Postgres, place: Path
) -> None:
    archive = place / "backup.tar"
    save(postgres, archive)
    assert archive.stat().st_mode & 0o777 == 0o600

    lose_everything(postgres, place)
    bring_back(postgres, archive)

    assert rows(postgres) == [(1, "שלום 🙂"), (2, None)]
    assert rows(postgres, "SELECT twice(4), to_regclass('later')") == [(8, None)]
    assert rows(postgres, "SELECT has_table_privilege('kardia_app', 'turn', 'SELECT')") == [(True,)]
    owners = "SELECT tableowner FROM pg_tables WHERE tablename = 'turn'"
    assert rows(postgres, owners) == [("kardia_owner",)]
    assert contents(place) == CONTENTS
    assert {(place / folder).stat().st_mode & 0o777 for folder in FOLDERS} == {0o700}
    assert not (place / "restoring").exists()


def test_a_database_with_tables_is_not_overwritten_unasked(postgres: Postgres, place: Path) -> None:
    save(postgres, place / "backup.tar")
    change(postgres, "DELETE FROM turn")
    with pytest.raises(ServiceError, match="not empty.*--replace"):
        bring_back(postgres, place / "backup.tar", replace=False)
    assert rows(postgres) == []


def members_of(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_a_restore_that_fails_changes_nothing(postgres: Postgres, place: Path) -> None:
    manifest = json.dumps({"format": 1, "roles": [], "user": "postgres"}).encode()
    broken = {
        "manifest.json": manifest,
        "database.dump": b"PGDMP but broken",
        "files/other": b"other",
    }
    with pytest.raises(ServiceError, match="pg_restore failed"):
        bring_back(postgres, archive_of(place, broken), says=True)
    assert len(rows(postgres)) == 2
    assert contents(place) == CONTENTS
    assert not (place / "restoring").exists()


def test_whoever_restores_an_archive_of_unknown_origin_is_warned(
    postgres: Postgres, place: Path
) -> None:
    ours, other = place / "ours.tar", place / "other.tar"
    save(postgres, ours)
    save(postgres, other, key=b"of another studio")
    members = members_of(ours)
    unsigned = {name: content for name, content in members.items() if name != "signature"}
    changed = {**members, "files/ab/one": b"two"}
    longer = {**members, "files/more": b"after the signature"}
    for archive in (
        other,
        *(archive_of(place, content) for content in (unsigned, changed, longer)),
    ):
        with pytest.raises(ServiceError, match="Nothing was restored"):
            bring_back(postgres, archive, says=False)
    assert contents(place) == CONTENTS
    lose_everything(postgres, place)
    assert "not written by this studio" in bring_back(postgres, other, says=True)
    assert contents(place) == CONTENTS


def test_an_archive_of_the_first_format_leaves_runs_and_weights(
    postgres: Postgres, place: Path
) -> None:
    save(postgres, place / "backup.tar")
    members = members_of(place / "backup.tar")
    earlier = {
        "manifest.json": json.dumps({"format": 1, "roles": ["gone"], "user": "postgres"}).encode(),
        "database.dump": members["database.dump"],
        "files/ab/one": b"earlier",
    }
    bring_back(postgres, archive_of(place, earlier), says=True)
    assert len(rows(postgres)) == 2
    assert contents(place) == {**CONTENTS, "files/ab/one": b"earlier"}


@pytest.mark.parametrize(
    ("held_at", "is_restored"),
    [("_load", False), ("finish_restore", True), ("moved", True)],
)
def test_a_restore_that_is_killed_is_taken_back_or_ended(
    postgres: Postgres, place: Path, script: Any, held_at: str, is_restored: bool
) -> None:
    save(postgres, place / "backup.tar")
    lose_everything(postgres, place)
    process = script(RESTORE_AND_HOLD.format(url=postgres.owner_url, key=KEY, held_at=held_at))
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()

    finish_restore(postgres.owner_url)
    assert rows(postgres, "SELECT to_regclass('turn') IS NOT NULL") == [(is_restored,)]
    later = {f"{folder}/later": b"later" for folder in FOLDERS}
    assert contents(place) == (CONTENTS if is_restored else later)
    assert not (place / "restoring").exists()
    bring_back(postgres, place / "backup.tar")
    assert contents(place) == CONTENTS


def test_a_backup_that_is_killed_leaves_the_earlier_one(
    postgres: Postgres, place: Path, script: Any
) -> None:
    archive = place / "backup.tar"
    save(postgres, archive)
    before = archive.read_bytes()
    process = script(BACKUP_AND_HOLD.format(url=postgres.owner_url, key=KEY))
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    assert archive.read_bytes() == before
    save(postgres, archive)
    bring_back(postgres, archive)


def test_a_folder_that_goes_meanwhile_is_left_out(
    postgres: Postgres, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir, gone = os.scandir, place / "runs/0a/checkpoints"

    def go(folder: Any) -> Any:
        if str(folder) == str(gone) and gone.exists():
            gone.rename(place / "gone")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", go)
    save(postgres, place / "backup.tar")
    monkeypatch.undo()
    with tarfile.open(place / "backup.tar") as tar:
        names = set(tar.getnames())
    assert names >= {"files/ab/one", "weights/0b/model.safetensors", "signature"}
    assert not any(name.startswith("runs/") for name in names)


def test_no_password_stands_on_a_command_line(
    postgres: Postgres, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[list[str], dict[str, str]]] = []
    run = subprocess.run

    def note(args: list[Any], **options: Any) -> Any:
        ran.append(([str(arg) for arg in args], options.get("env") or {}))
        return run(args, **options)

    monkeypatch.setattr(subprocess, "run", note)
    url = postgres.owner_url.replace("kardia_owner@", "kardia_owner:s3%20cret@")
    backup(url, place / "backup.tar", key=KEY)
    restore(url, place / "backup.tar", replace=True, key=KEY, ask=lambda _: False)
    assert [Path(args[0]).name for args, _ in ran] == ["pg_dump", "pg_restore", "psql"]
    assert not [arg for args, _ in ran for arg in args if "cret" in arg]
    assert [environment.get("PGPASSWORD") for _, environment in ran] == [
        "s3 cret",
        None,
        "s3 cret",
    ]


def test_an_archive_that_is_larger_than_the_disk_leaves_nothing(
    postgres: Postgres, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(postgres, place / "backup.tar")
    monkeypatch.setattr(archives, "room_in", lambda folder: 20_000)
    with pytest.raises(ServiceError, match="more room than the disk has"):
        bring_back(postgres, place / "backup.tar")
    room = iter([2**30])
    monkeypatch.setattr(archives, "room_in", lambda folder: next(room, 0))
    with pytest.raises(ServiceError, match="The disk is full"):
        bring_back(postgres, place / "backup.tar")
    assert not (place / "restoring").exists()
    assert contents(place) == CONTENTS
    monkeypatch.undo()


def test_an_archive_that_is_not_trusted_is_not_unpacked(
    postgres: Postgres, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(postgres, place / "other.tar", key=b"of another studio")
    monkeypatch.setattr(archives, "unpack", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(ServiceError, match="Nothing was restored"):
        bring_back(postgres, place / "other.tar", says=False)
