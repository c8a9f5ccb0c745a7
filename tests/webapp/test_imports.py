"""What a web process loads: a start should not pay for what only workers need."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HEAVY = ("sklearn", "torch", "transformers", "openai", "pandas")


def test_the_web_loads_no_model_libraries() -> None:
    code = (
        "import sys, webapp.asgi\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
