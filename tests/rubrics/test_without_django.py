"""Specs and judges work where Django is not installed, as in the trainer."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in [
        *(ROOT / "rubrics" / "core").rglob("*.py"),
        *(ROOT / "rubrics" / "judging").rglob("*.py"),
        *(ROOT / "rubrics" / "demo").rglob("*.py"),
    ]
)
BLOCKED = """
import importlib, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "celery", "psycopg", "channels", "annotation"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Block())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_import_without_django():
    ran = subprocess.run(
        [sys.executable, "-c", BLOCKED, *MODULES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
