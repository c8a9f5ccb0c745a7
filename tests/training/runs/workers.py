"""What a killed worker does: `tests.support.worker` calls one of these in a process of its own."""

import os
import sys
from pathlib import Path

from django.conf import settings

from training import supervisor

STUB = str(Path(__file__).with_name("stub_trainer.py"))


def stub(mode: str) -> tuple[str, ...]:
    """The program of the supervisor that starts the stub instead of the trainer."""
    return (sys.executable, STUB, mode)


def work_with_stub(run_id: str) -> None:
    supervisor.PROGRAM = stub(os.environ["STUB"])
    work(run_id)


def work_held(run_id: str) -> None:
    """With a trainer that goes no further than STEP."""
    never = Path(os.environ["RUNS_IN"]) / "never"
    held = ("-m", "tests.training.trainer.held_trainer", os.environ["STEP"], str(never))
    supervisor.PROGRAM = (sys.executable, *held)
    work(run_id)


def work(run_id: str) -> None:
    """In the test's own run folders, with the keys of all tests."""
    settings.VAR_DIR = Path(os.environ["RUNS_IN"])
    supervisor.work(run_id)
