"""Backup and restore: one archive with the database and the files of `var/files`.

The archive is a tar: `manifest.json`, `database.dump` (pg_dump's custom format), `files/...`.
Keys are not in it: whoever holds only the archive can't read the secrets of endpoints.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg
from psycopg import sql

from webapp.embedded import homes
from webapp.embedded.backup_record import note_backup
from webapp.embedded.binaries import postgres_bin
from webapp.embedded.process import ServiceError

FORMAT = 1
FILES = "files"
DUMP = "database.dump"
MANIFEST = "manifest.json"

# Roles that something in this database belongs to or is granted to; pg_dump leaves them out.
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


def backup(url: str, archive: Path) -> None:
    """Write `archive`, readable by its owner only. The studio may run meanwhile.

    Raises ServiceError where pg_dump fails; an earlier archive of that name then stays.
    """
    files = homes.var() / FILES
    unfinished = archive.with_name(archive.name + ".unfinished")
    with tempfile.TemporaryDirectory(
        prefix="kardia-backup-", dir=archive.absolute().parent
    ) as temp:
        dump, manifest = Path(temp) / DUMP, Path(temp) / MANIFEST
        manifest.write_text(json.dumps(_describe(url), indent=2))
        # The database first: files are only ever added, so each one that it names is there after.
        _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={url}")
        with _private_tar(unfinished) as tar:
            tar.add(manifest, MANIFEST)
            tar.add(dump, DUMP)
            if files.exists():
                tar.add(files, FILES)
        unfinished.replace(archive)
    note_backup(homes.var(), archive)


def restore(url: str, archive: Path, *, replace: bool) -> None:
    """Bring back the database and the files of `archive`, both or neither.

    Nothing else may use the database meanwhile. Raises ServiceError for an archive that is none
    of ours, for a database with tables unless `replace`, and where PostgreSQL refuses the dump;
    everything is then as before.
    """
    files = homes.var() / FILES
    if not replace and _has_tables(url):
        raise ServiceError("The database is not empty. Restore over it with --replace.")
    files.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=files.parent) as temp:
        manifest = _unpack(archive, Path(temp))
        _make_roles(url, manifest["roles"])
        restored, replaced = Path(temp) / FILES, Path(temp) / "replaced"
        restored.mkdir(exist_ok=True)
        if files.exists():
            files.rename(replaced)
        try:
            _load(url, Path(temp) / DUMP, same_owner=manifest["user"])
        except BaseException:
            if replaced.exists():
                replaced.rename(files)
            raise
        restored.rename(files)


def _describe(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        return {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(),
            "server": connection.info.server_version,
            "user": connection.info.user,
            "roles": [row[0] for row in connection.execute(ROLES_IN_USE)],
        }


def _has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(TABLES).fetchone()
        return bool(row and row[0])


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack regular files only, and only below `folder`, whatever the archive says."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or path.is_absolute() or ".." in path.parts:
                    continue
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
        manifest = dict(json.loads((folder / MANIFEST).read_text()))
    except (OSError, tarfile.TarError, ValueError) as error:
        raise ServiceError(f"{archive} is not a backup that can be read: {error}") from error
    if manifest.get("format") != FORMAT or not (folder / DUMP).exists():
        raise ServiceError(f"{archive} is not a backup of this format")
    return manifest


def _make_roles(url: str, roles: list[str]) -> None:
    with psycopg.connect(url) as connection:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in set(roles) - there:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))


def _load(url: str, dump: Path, *, same_owner: str) -> None:
    """Replace what is in the database by the dump, in one transaction."""
    with psycopg.connect(url) as connection:
        owners = [] if connection.info.user == same_owner else ["--no-owner"]
    script = dump.with_suffix(".sql")
    _run("pg_restore", *owners, f"--file={script}", str(dump))
    empty = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public"
    _run(
        *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", f"--command={empty}", f"--file={script}", f"--dbname={url}"),
    )


def _run(program: str, *args: str) -> None:
    path = postgres_bin(homes.data_home(homes.var()) / "services") / program
    ran = subprocess.run([path, *args], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ServiceError(f"{program} failed:\n{ran.stderr.strip()}")


@contextlib.contextmanager
def _private_tar(path: Path) -> Iterator[tarfile.TarFile]:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        yield tar
