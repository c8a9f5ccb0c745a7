"""The whole studio as `make run` starts it, with data of its own, for the road through it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from tests.support.browser import browser_type_launch_args  # noqa: F401
from tests.support.migrated import copied_database
from tests.support.services import is_ours
from tests.support.waiting import LONG_S, SHORT_S, wait_until

ROOT = Path(__file__).parent.parent.parent
OF_THE_TESTS = {
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"),
    *("KARDIA_DEMO", "DJANGO_SETTINGS_MODULE"),
}


@dataclass(frozen=True)
class Studio:
    url: str
    passwords: dict[str, str]
    var: Path

    def sign_in_of(self, box: str) -> tuple[str, str]:
        """(e-mail, password) of somebody in the demo."""
        email = next(email for email in self.passwords if email.startswith(f"{box}@"))
        return email, self.passwords[email]


@pytest.fixture(scope="module")
def database(django_db_modify_db_settings: None) -> Iterator[dict[str, str]]:
    """Where the studio finds a database that is migrated already, which saves half a minute."""
    if not is_ours("DATABASE_URL"):
        yield {}  # the studio starts and migrates one
        return
    template = connection.settings_dict["TEST"]["TEMPLATE"]
    with copied_database(template, f"road_{os.getpid()}") as addresses:
        yield addresses


# Stopped when the road is walked: the tests after it want the processors.
@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, database: dict[str, str]) -> Iterator[Studio]:
    var = tmp_path_factory.mktemp("studio") / "var"
    port = _free_pair()
    environment = {
        name: value for name, value in os.environ.items() if name not in OF_THE_TESTS
    } | database
    process = subprocess.Popen(
        [sys.executable, "-m", "webapp.embedded", "run", "--port", str(port)],
        cwd=ROOT,
        env=environment | {"KARDIA_VAR": str(var)},
        stdout=(var.parent / "run.log").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, f"{url}/health/live", var)
        yield Studio(url, json.loads((var / "demo-passwords.json").read_text()), var)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(SHORT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _free_pair() -> int:
    """A port that is free together with the next one, which the model server takes."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, var: Path) -> None:
    def is_ready() -> bool:
        log = (var.parent / "run.log").read_text()[-4000:]
        assert process.poll() is None, f"The studio did not start:\n{log}"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return True
        return False

    wait_until(is_ready, "the studio to start", within_s=LONG_S)
