"""Strict reading of the environment. A setting that is wrong stops the start with its reason."""

import ipaddress
import os
import secrets
from pathlib import Path
from typing import cast

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

MIN_SECRET_LENGTH = 50


def database(url: str, *, variable: str = "DATABASE_URL") -> dict[str, object]:
    """Django's DATABASES entry for a libpq URL, such as `postgresql://user@host/name`."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        # PostgreSQL's own words would repeat the part that it can't read: often the password.
        raise ImproperlyConfigured(
            f"{variable} can't be read. It has the form postgresql://user:password@host/name; "
            "write special characters of the password as %XX."
        ) from None
    known = {key: str(parts.pop(key, "") or "") for key in ("dbname", "user", "password")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": known["dbname"],
        "USER": known["user"],
        "PASSWORD": known["password"],
        "HOST": str(parts.pop("host", "") or ""),
        "PORT": str(parts.pop("port", "") or ""),
        "OPTIONS": dict(parts),
        # Under ASGI each request may have a thread of its own: a kept connection would be left
        # behind with it.
        "CONN_MAX_AGE": 0,
    }


def limit_statements(database: dict[str, object], seconds: int) -> dict[str, object]:
    """The DATABASES entry with a time after which the server stops a statement."""
    options = cast(dict[str, object], database["OPTIONS"])
    given = str(options.get("options", ""))
    limit = f"-c statement_timeout={seconds * 1000}"
    return {**database, "OPTIONS": {**options, "options": f"{given} {limit}".strip()}}


def proxies(addresses: list[str]) -> list[str]:
    """Addresses and networks of the proxies in front. A name, a star and the network of all
    addresses are refused: then whoever reaches the studio could choose the address that is written
    down and limited."""
    for address in addresses:
        try:
            if not ipaddress.ip_network(address).prefixlen:
                raise ValueError("all addresses")
        except ValueError:
            raise ImproperlyConfigured(
                f"KARDIA_PROXIES takes addresses and networks such as 10.0.0.0/24, not {address}."
            ) from None
    return addresses


def owner_database(url: str) -> dict[str, object]:
    """How the owner of the tables connects, empty where nobody is named."""
    if not url:
        return {}
    found = database(url, variable="DATABASE_OWNER_URL")
    return {name: found[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}


def celery_broker(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: a Unix socket is `redis+socket://`."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def secret_key(*, var: Path, demo: bool) -> str:
    """SECRET_KEY from the environment; in demo mode generated once into `var/secret-key`."""
    value = os.environ.get("SECRET_KEY", "")
    if not value and demo:
        return generated(var / "secret-key", secrets.token_urlsafe(64))
    if value and demo and not _is_good(value):
        raise ImproperlyConfigured(
            f"SECRET_KEY must have at least {MIN_SECRET_LENGTH} random characters. Unset it, and "
            "the demo makes one."
        )
    if not _is_good(value):
        raise ImproperlyConfigured(
            f"Set SECRET_KEY to at least {MIN_SECRET_LENGTH} random characters. "
            "Outside demo mode (KARDIA_DEMO=1) there is no default."
        )
    return value


def spool(var: Path) -> Path:
    """The folder for files on their way, private to the studio."""
    folder = var / "spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _is_good(secret: str) -> bool:
    return len(secret) >= MIN_SECRET_LENGTH and not secret.startswith("django-insecure-")


def field_keys(*, var: Path, demo: bool) -> list[str]:
    """Fernet keys for secrets at rest, newest first; kept apart from SECRET_KEY."""
    value = os.environ.get("KARDIA_FIELD_KEYS", "")
    if not value and demo:
        value = generated(var / "field-keys", Fernet.generate_key().decode())
    keys = [key.strip() for key in value.split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured("Set KARDIA_FIELD_KEYS to one or more Fernet keys.")
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured("KARDIA_FIELD_KEYS holds a malformed key.") from None
    return keys


def generated(path: Path, fresh: str) -> str:
    """The secret in `path`, written with mode 0600 when it is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(fresh)
    # A hard link fails where the file exists: of two processes starting at once, one wins.
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
