"""`python -m webapp.embedded`: what it refuses, and how commands join a running studio."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import LONG_S, SHORT_S
from tests.webapp.embedded.conftest import processes_naming, python, reachable_folder

pytestmark = pytest.mark.slow

ASK_BOTH = """
from django.core.cache import cache
from django.db import connection
connection.ensure_connection()
cache.set("asked", "both answer")
print(cache.get("asked"))
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(autouse=True, scope="module")
def own_services(place: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KARDIA_VAR", str(place))
        patch.delenv("DATABASE_URL")
        patch.delenv("DATABASE_OWNER_URL", raising=False)
        patch.delenv("REDIS_URL")
        yield


@pytest.fixture(scope="module")
def services(place: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `services` command and what it printed."""
    process = python("-m", "webapp.embedded", "services")
    yield process, "".join(process.stdout.readline() for _ in range(3))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SHORT_S)


def told(*args: str) -> tuple[str, int]:
    process = python("-m", "webapp.embedded", *args)
    return process.communicate(timeout=LONG_S)[0], process.returncode


def test_a_port_in_use_is_named_before_anything_starts(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text, status = told("run", "--port", str(port))
    assert status == 1
    assert f"Port {port} can't be used" in text
    assert f"make run PORT={port + 10}" in text
    assert not (place / "services").exists()


def test_a_command_starts_services_of_its_own_and_ends_them(place: Path) -> None:
    # What a killed studio leaves must not mislead it.
    (place / "services.json").write_text(json.dumps({"DATABASE_URL": "postgresql://gone"}))
    text, status = told("manage", "shell", "--no-imports", "-c", ASK_BOTH)
    assert (status, text) == (0, "both answer\n")
    assert processes_naming(str(place)) == []


def test_services_prints_addresses_for_a_shell(services) -> None:
    shell = services[1] + 'printf "%s\\n" "$DATABASE_URL" "$DATABASE_OWNER_URL" "$REDIS_URL"'
    read = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    database, owner, valkey = read.stdout.split()
    assert database.startswith("postgresql://kardia_app@/kardia?host=/")
    assert owner == database.replace("kardia_app", "kardia_owner")
    assert valkey.startswith("unix:///")


def test_a_second_one_on_the_same_checkout_is_refused(services) -> None:
    for command in (["run", "--port", "0"], ["services"], ["restore", "none"]):
        text, status = told(*command)
        assert status == 1
        assert f"runs already (process {services[0].pid})" in text


def test_a_command_joins_the_running_services(services, place: Path) -> None:
    before = processes_naming(str(place))
    text, status = told("manage", "shell", "--no-imports", "-c", ASK_BOTH)
    assert (status, text) == (0, "both answer\n")
    assert processes_naming(str(place)) == before
