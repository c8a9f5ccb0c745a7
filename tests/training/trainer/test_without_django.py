"""What runs outside of the studio imports where there is no Django."""

import subprocess
import sys

import pytest

from tests.support.waiting import LONG_S
from tests.training.trainer.conftest import ROOT

pytestmark = pytest.mark.slow

SCRIPT = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "django":
            raise ImportError("no Django here")

sys.meta_path.insert(0, Blocker())
for name in sys.argv[1:]:
    importlib.import_module(name)
assert not [name for name in sys.modules if name.split(".")[0] == "django"]
"""


def test_no_django():
    modules = [
        "training.trainer.__main__",
        "training.trainer.run",
        "training.small.__main__",
        "training.demo.making",
        "annotation.generation.prompts",
        "webapp.llm.client",
    ]
    subprocess.run([sys.executable, "-c", SCRIPT, *modules], cwd=ROOT, check=True, timeout=LONG_S)
