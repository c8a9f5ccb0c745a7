"""The migrated database that the databases of all test processes are copies of.

To run all migrations takes 10 s of a core, to copy their result a fraction of one. The dump of it
is kept in pytest's cache, under a name made of all migrations: the next run only loads it.

Databases are made by the superuser. The tests themselves connect as the application does.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from webapp import db, roles
from webapp.embedded import homes, ownership
from webapp.embedded.binaries import postgres_bin
from webapp.embedded.postgres import SUPERUSER

LOCK = 7_219_480_113  # any number that nothing else locks


def migrated_database(cache: Path) -> str:
    """Name of the migrated database; it is made where it is missing, by one process for all.

    `cache` is the folder for dumps.
    """
    with psycopg.connect(superuser_url("postgres"), autocommit=True) as server:
        name = _name(server)
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not found.fetchone():
            unfinished = f"unfinished_{name}"
            # Of a process whose migration failed: the next one shows the reason, too.
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(unfinished)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            _fill(unfinished, _dump(cache, name))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            server.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


def restore_for_one_role(cache: Path, url: str) -> None:
    """Make the tables of the migrated database in another server, where one role owns them all."""
    with psycopg.connect(superuser_url("postgres")) as server:
        dump = _dump(cache, _name(server))
    _restore(dump, url, "--no-owner", "--no-privileges")


@contextmanager
def copied_database(template: str, name: str) -> Iterator[dict[str, str]]:
    """A copy of a migrated database for a program of its own, as the environment names it: for the
    application and for the owner. It is dropped after."""
    with psycopg.connect(superuser_url("postgres"), autocommit=True) as server:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield {
                "DATABASE_URL": _url(ownership.APPLICATION, name),
                "DATABASE_OWNER_URL": _url(ownership.OWNER, name),
            }
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


@contextmanager
def by_superuser(settings_dict: dict[str, Any]) -> Iterator[None]:
    """What connects meanwhile may make databases."""
    own, settings_dict["USER"] = settings_dict["USER"], SUPERUSER
    try:
        yield
    finally:
        settings_dict["USER"] = own


def superuser_url(database: str) -> str:
    return _url(SUPERUSER, database)


def _fill(database: str, dump: Path) -> None:
    with psycopg.connect(superuser_url(database)) as server:
        ownership.hand_over(server)
    if dump.exists():
        _restore(dump, superuser_url(database))
        return
    _migrate(database)
    for older in dump.parent.glob("migrated_*.dump"):
        older.unlink()
    unfinished = dump.with_suffix(".unfinished")
    into = f"--file={unfinished}"
    _run("pg_dump", "--format=custom", into, f"--dbname={superuser_url(database)}")
    unfinished.rename(dump)


def _restore(dump: Path, url: str, *options: str) -> None:
    _run("pg_restore", "--exit-on-error", *options, f"--dbname={url}", str(dump))


def _name(server: psycopg.Connection[Any]) -> str:
    return f"migrated_{server.info.server_version}_{_fingerprint()}"


def _dump(cache: Path, name: str) -> Path:
    return cache / f"{name}.dump"


def _migrate(database: str) -> None:
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def _fingerprint() -> str:
    """Of all migrations, of Django's and the packages' too, and of the SQL that ours import."""
    seen = hashlib.sha256()
    for module in (db, roles, ownership):
        seen.update(Path(str(module.__file__)).read_bytes())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for file in sorted(Path(app.path).glob("migrations/*.py")):
            seen.update(f"{app.label}/{file.name}".encode() + file.read_bytes())
    return seen.hexdigest()[:16]


def _url(user: str, database: str) -> str:
    return f"postgresql://{user}@/{database}?host={settings.DATABASES['default']['HOST']}"


def _run(program: str, *args: str) -> None:
    path = postgres_bin(homes.data_home(homes.var()) / "services") / program
    subprocess.run([path, *args], check=True)
