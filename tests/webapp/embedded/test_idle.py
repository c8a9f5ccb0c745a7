"""What an idle studio loads, and that each queue has a worker."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from webapp.embedded.homes import CHECKOUT
from webapp.embedded.program import Program
from webapp.embedded.studio import Studio
from webapp.home.health import QUEUES

# Each takes tens to hundreds of megabytes.
HEAVY = {"torch", "transformers", "sklearn", "pandas", "pyarrow", "datasets", "trl"}


class Watched:
    """A supervisor that starts nothing."""

    def __init__(self) -> None:
        self.programs: dict[str, list[str]] = {}

    def start(self, program: Program, *, essential: bool) -> None:
        self.programs[program.name] = [str(part) for part in program._args]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    monkeypatch.setenv("KARDIA_VAR", str(tmp_path))
    supervisor = Watched()
    studio: Any = Studio(port=8000, demo=True)
    studio._start_workers(supervisor)
    return supervisor.programs


def loaded_by(code: str) -> set[str]:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys; print(*{{m.split('.')[0] for m in sys.modules}})",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )
    return set(told.stdout.split())


def test_each_queue_has_a_worker(programs: dict[str, list[str]]) -> None:
    served = {args[args.index("-Q") + 1] for args in programs.values() if "-Q" in args}
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert served == set(QUEUES) == routed | {settings.CELERY_TASK_DEFAULT_QUEUE}


def test_a_test_of_an_endpoint_does_not_queue_behind_runs(programs: dict[str, list[str]]) -> None:
    assert programs["tests"][-6:-2] == ["-P", "threads", "-c", "4"]
    routes = settings.CELERY_TASK_ROUTES
    assert [name for name, route in routes.items() if route["queue"] == "tests"] == [
        "llm.test_endpoint"
    ]


@pytest.mark.slow
def test_an_idle_worker_has_loaded_nothing_heavy() -> None:
    code = "import webapp.celery as c; c.app.loader.import_default_modules(); import django; "
    found = loaded_by(code + "django.setup()")
    assert "annotation" in found and not found & HEAVY


@pytest.mark.slow
def test_the_clock_loads_none_of_the_studios_code(programs: dict[str, list[str]]) -> None:
    assert "webapp.beat" in programs["beat"]
    code = "import webapp.beat as b; assert 'reap-runs' in b.app.conf.beat_schedule"
    assert not loaded_by(code) & {*HEAVY, "annotation", "training", "rubrics", "rest_framework"}


def test_the_model_server_has_registered_checkpoints_only(
    programs: dict[str, list[str]], tmp_path: Path
) -> None:
    if "model" in programs:
        assert programs["model"][3:5] == ["--models-dir", str(tmp_path / "models")]


@pytest.mark.slow
def test_the_model_server_loads_torch_when_it_is_asked(programs: dict[str, list[str]]) -> None:
    if "model" in programs:
        assert "--when-asked" in programs["model"]
    assert not loaded_by("import webapp.llm.local.__main__") & HEAVY
