"""The tests of static/js that need no browser: `node --test tests/js/*.test.js`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.waiting import LONG_S

FOLDER = Path(__file__).parent
# The first version whose `node:test` has the mocked clock that the tests use.
NODE = (20, 11)


def _node() -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("the tests of static/js need Node, which is not here")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = tuple(int(part) for part in re.findall(r"\d+", version.stdout)[:2])
    if found < NODE:
        pytest.skip(
            f"the tests of static/js need Node {NODE[0]}.{NODE[1]}, here is {version.stdout}"
        )
    return program


def test_the_scripts() -> None:
    files = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.glob("*.test.js"))
    run = subprocess.run(
        [_node(), "--test", "--test-reporter=spec", *files],
        cwd=FOLDER,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONG_S,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # Node ends well, too, where it found nothing to run.
    assert re.search(r"^ℹ pass [1-9]", run.stdout, re.MULTILINE), run.stdout
