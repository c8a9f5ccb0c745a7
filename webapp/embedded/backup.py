"""Backup and restore: one archive with the database and the folders that belong to it.

The archive is a tar: `manifest.json`, `database.dump` (pg_dump's custom format), the folders of
`FOLDERS`, and last `signature`, by which a studio knows its own archives. Keys are not in it:
whoever holds only the archive can't read the secrets of endpoints.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from webapp.embedded import archive as archives
from webapp.embedded import homes
from webapp.embedded.backup_record import note_backup
from webapp.embedded.binaries import postgres_bin
from webapp.embedded.process import ServiceError
from webapp.kept_folders import KEPT as FOLDERS

FORMAT = 2
READABLE = (1, FORMAT)
DUMP = "database.dump"
MANIFEST = "manifest.json"
RESTORING = "restoring"  # in var: what a restore has unpacked, and what it has moved away
NAME = "name"  # in it: by which the database says that this restore is done

ROLES_IN_USE = """
SELECT DISTINCT role.rolname FROM pg_shdepend AS depends JOIN pg_roles AS role
ON role.oid = depends.refobjid AND depends.refclassid = 'pg_authid'::regclass
WHERE depends.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
AND role.rolname !~ '^pg_' AND role.rolname <> current_user
"""
TABLES = """
SELECT count(*) FROM pg_class JOIN pg_namespace AS place ON place.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname <> 'information_schema' AND nspname !~ '^pg_'
"""
RESTORED = "SELECT obj_description('public'::regnamespace, 'pg_namespace')"

# Asked before an archive is loaded that this studio did not write. Returns whether to go on.
Ask = Callable[[str], bool]


def backup(url: str, archive: Path, *, key: bytes) -> None:
    """Write `archive`, readable by its owner only. The studio may run meanwhile.

    Raises ServiceError where pg_dump fails; an earlier archive of that name then stays.
    """
    unfinished = archive.with_name(archive.name + ".unfinished")
    with tempfile.TemporaryDirectory(
        prefix="kardia-backup-", dir=archive.absolute().parent
    ) as temp:
        dump, manifest = Path(temp) / DUMP, Path(temp) / MANIFEST
        manifest.write_text(json.dumps(_describe(url), indent=2))
        # The database first: a file that it names was there before, and is there after.
        _run(url, "pg_dump", "--format=custom", f"--file={dump}")
        with archives.writing(unfinished, key=key) as tar:
            tar.add(manifest, MANIFEST)
            tar.add(dump, DUMP)
            for folder in FOLDERS:
                tar.add_folder(homes.var() / folder, folder)
        unfinished.replace(archive)
    note_backup(homes.var(), archive)


def restore(url: str, archive: Path, *, replace: bool, key: bytes, ask: Ask) -> None:
    """Bring back the database and the folders of `archive`, all or nothing.

    Nothing else may use the database meanwhile. Raises ServiceError for an archive that is none
    of ours, for a database with tables unless `replace`, and where PostgreSQL refuses the dump;
    everything is then as before. Where it is killed, `finish_restore` ends it or takes it back.
    """
    finish_restore(url)
    if not replace and _has_tables(url):
        raise ServiceError("The database is not empty. Restore over it with --replace.")
    contents = archives.read_through(
        archive,
        key=key,
        first=MANIFEST,
        at_root=(MANIFEST, DUMP),
        folders=FOLDERS,
        room=archives.room_in(homes.var()),
    )
    manifest = _manifest(archive, contents)
    if not contents.is_ours and not ask(_warning(archive)):
        raise ServiceError("Nothing was restored.")
    place = homes.var() / RESTORING
    place.mkdir(mode=0o700, parents=True)
    (place / NAME).write_text(secrets.token_hex(8))
    try:
        archives.unpack(archive, place / "new", key=key, contents=contents)
        _make_folders(place / "new", manifest)
        _load(url, place, manifest)
    finally:
        finish_restore(url)


def finish_restore(url: str) -> None:
    """End a restore that was cut off: forward where the database is restored, else back."""
    place = homes.var() / RESTORING
    if not place.exists():
        return
    if _is_loaded(url, place):
        for folder in FOLDERS:
            new, there = place / "new" / folder, homes.var() / folder
            if not new.exists():
                continue  # moved before it was cut off
            if there.exists():
                there.rename(place / f"replaced-{folder}")
            new.rename(there)
    shutil.rmtree(place)


def _warning(archive: Path) -> str:
    return (
        f"{archive} was not written by this studio, or was changed since, or SECRET_KEY is "
        "another one.\nRestoring runs what is in it: whoever made it could change or read "
        "everything here.\nGo on only if you know where it comes from."
    )


def _describe(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        return {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(),
            "server": connection.info.server_version,
            "roles": [row[0] for row in connection.execute(ROLES_IN_USE)],
        }


def _has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(TABLES).fetchone()
        return bool(row and row[0])


def _manifest(archive: Path, contents: archives.Contents) -> dict[str, Any]:
    """What the archive says of itself."""
    try:
        manifest = json.loads(contents.first or b"")
    except (ValueError, RecursionError) as error:
        raise ServiceError(f"{archive} is not a backup: its {MANIFEST} is no JSON.") from error
    is_ours = (
        isinstance(manifest, dict)
        and type(manifest.get("format")) is int
        and manifest["format"] in READABLE
        and isinstance(manifest.get("roles"), list)
        and all(isinstance(role, str) for role in manifest["roles"])
    )
    if not is_ours or DUMP not in contents.names:
        raise ServiceError(f"{archive} is not a backup of this format.")
    return dict(manifest)


def _make_folders(unpacked: Path, manifest: dict[str, Any]) -> None:
    """The folders that the archive had none of are there, empty."""
    # The first format had files only: runs and weights that are here stay.
    for folder in FOLDERS if manifest["format"] == FORMAT else FOLDERS[:1]:
        (unpacked / folder).mkdir(exist_ok=True)
        (unpacked / folder).chmod(0o700)


def _load(url: str, place: Path, manifest: dict[str, Any]) -> None:
    """Replace what is in the database by the dump, in one transaction that also notes it."""
    with psycopg.connect(url) as connection:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        note = sql.SQL("COMMENT ON SCHEMA public IS {}").format(_note_of(place))
        noted = note.as_string(connection)
    # Everything will belong to who restores. Rights of roles that are not here can't be given.
    rights = [] if set(manifest["roles"]) <= there else ["--no-privileges"]
    dump, script = place / "new" / DUMP, place / "database.sql"
    _run(None, "pg_restore", "--no-owner", *rights, f"--file={script}", str(dump))
    empty = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public"
    _run(
        url,
        *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", f"--command={empty}", f"--file={script}", f"--command={noted}"),
    )


def _note_of(place: Path) -> str:
    return f"restored {(place / NAME).read_text()}"


def _is_loaded(url: str, place: Path) -> bool:
    if not (place / NAME).exists():
        return False
    with psycopg.connect(url) as connection:
        row = connection.execute(RESTORED).fetchone()
    return bool(row and row[0] == _note_of(place))


def _run(url: str | None, program: str, *args: str) -> None:
    path = postgres_bin(homes.data_home(homes.var()) / "services") / program
    where, environment = _connecting(url) if url else ([], None)
    ran = subprocess.run(
        [path, *where, *args], capture_output=True, text=True, check=False, env=environment
    )
    if ran.returncode:
        raise ServiceError(f"{program} failed:\n{ran.stderr.strip()}")


def _connecting(url: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of a program that connects to `url`. Everybody on a machine can
    read command lines, so the password is not among the arguments."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    secret = {"PGPASSWORD": str(password)} if password else {}
    return ["--no-password", f"--dbname={make_conninfo('', **parts)}"], {**os.environ, **secret}
