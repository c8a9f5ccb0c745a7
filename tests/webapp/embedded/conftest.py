"""A place for services of a test's own, and ways to watch processes."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.services import PARENT
from webapp.embedded import homes
from webapp.embedded.postgres import Postgres


@pytest.fixture
def place() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def postgres(place: Path) -> Iterator[Postgres]:
    server = Postgres(place / "home", log=place / "postgres.log", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def script(place: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs Python code as a process of its own, with `place` known to it."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        head = f"from pathlib import Path\nplace = Path({str(place)!r})\n"
        started.append(python("-c", head + code))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the user whom services run as can reach; pytest's tmp_path is private."""
    folder = Path(tempfile.mkdtemp(prefix="kardia-test-", dir=PARENT))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def python(*args: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=homes.CHECKOUT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_naming(text: str) -> list[str]:
    """The command lines in which `text` stands; a process that waits to be reaped has none."""
    listed = subprocess.run(["ps", "-wweo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if text in line]


def archive_of(place: Path, members: dict[str, bytes]) -> Path:
    archive = place / "foreign.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive
