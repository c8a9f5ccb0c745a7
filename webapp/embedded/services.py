"""PostgreSQL and Valkey for this checkout: the ones given, the ones running, or our own."""

import contextlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from webapp.config import database, secret_key
from webapp.embedded import homes
from webapp.embedded.checkout_lock import CheckoutLock
from webapp.embedded.console import rotate
from webapp.embedded.postgres import Postgres
from webapp.embedded.process import ServiceError
from webapp.embedded.valkey import Valkey

KINDS: dict[str, type[Postgres] | type[Valkey]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
# The address by which migrations, backup and restore connect. The studio's programs don't get it.
OWNER_URL = "DATABASE_OWNER_URL"
SHARED_NAMES = (*KINDS, OWNER_URL, "KARDIA_DEMO", "KARDIA_LOCAL_MODEL_URL")


def embedded_services(var: Path) -> list[Postgres | Valkey]:
    """The services to start.

    One whose variable is set already stands for a real server and is not among them. Only for
    whoever holds the lock of the checkout.
    """
    _address_file(var).unlink(missing_ok=True)  # left by a studio that was killed
    home = homes.data_home(var) / "services"
    services: list[Postgres | Valkey] = []
    for variable, kind in KINDS.items():
        if not os.environ.get(variable):
            log = var / "log" / f"{kind.name}.log"
            rotate(log)
            services.append(kind(home, log=log))
    return services


@contextlib.contextmanager
def published(var: Path, environment: dict[str, str]) -> Iterator[None]:
    """While it lasts, other commands on this checkout find these addresses."""
    path = _address_file(var)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(
        json.dumps({name: environment[name] for name in SHARED_NAMES if name in environment})
    )
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def environment_with_services(var: Path) -> Iterator[dict[str, str]]:
    """The environment for a command of manage.py.

    It joins a studio that runs on this checkout; else it starts the services for as long as it
    lasts. Raises ServiceError where they do not start.
    """
    has_secrets = os.environ.get("SECRET_KEY") and os.environ.get("KARDIA_FIELD_KEYS")
    environment = with_mode(dict(os.environ), demo=not has_secrets)
    if all(environment.get(variable) for variable in KINDS):
        yield environment
        return
    lock = CheckoutLock(var)
    while not lock.acquire():
        addresses = _addresses(var)
        if addresses:
            yield {**addresses, **os.environ}  # the mode too is the running studio's
            return
        time.sleep(0.2)  # the other one is starting, or a command that will end
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(lock))
        for service in embedded_services(var):
            stack.callback(service.stop)
            service.start()
            environment.update(service.addresses)
        yield environment


def with_mode(environment: dict[str, str], *, demo: bool) -> dict[str, str]:
    """With `demo`, in demo mode: secrets that are not given are generated."""
    if demo:
        environment.setdefault("KARDIA_DEMO", "1")
    return environment


def owner_address(environment: Mapping[str, str]) -> str:
    """Who owns the tables; where nobody else is named, the application does.

    Raises ServiceError where the address can't be read.
    """
    variable = OWNER_URL if environment.get(OWNER_URL) else "DATABASE_URL"
    try:
        database(environment[variable], variable=variable)
    except ImproperlyConfigured as error:
        raise ServiceError(str(error)) from None
    return environment[variable]


def backup_key(var: Path, environment: Mapping[str, str]) -> bytes:
    """By which this studio knows its own backups: made of its SECRET_KEY.

    Raises ServiceError where there is none.
    """
    try:
        secret = secret_key(var=var, demo=environment.get("KARDIA_DEMO") == "1")
    except ImproperlyConfigured as error:
        raise ServiceError(str(error)) from None
    return hmac.digest(secret.encode(), b"kardia-studio backup", "sha256")


def _addresses(var: Path) -> dict[str, str]:
    """What a running studio has published. A killed one leaves its file, but not its lock."""
    try:
        return dict(json.loads(_address_file(var).read_text()))
    except (OSError, ValueError):
        return {}


def _address_file(var: Path) -> Path:
    return var / "services.json"
