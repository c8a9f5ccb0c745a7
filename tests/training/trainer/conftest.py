"""One fitted judge and one undisturbed run, shared by the tests."""

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rubrics.judging.learned import LearnedJudge
from tests.support.waiting import LONG_S, wait_until
from tests.training.trainer.folders import judge_on_grades, write_run

ROOT = Path(__file__).parents[3]
SMALL_GRPO = {
    "steps": 4,
    "prompts_per_step": 2,
    "rollouts_per_prompt": 4,
    "save_every": 2,
    "max_completion_tokens": 96,
}


@pytest.fixture(scope="session")
def judge() -> LearnedJudge:
    return judge_on_grades(60, 0)


class Trainer:
    """A running trainer, with the methods of `subprocess.Popen` that the tests need."""

    def __init__(self, *arguments: str | Path) -> None:
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 (removed with the trainer)
        self._server = _server()
        self._code: int | None = None
        self.pid = self._ask(arguments=[*map(str, arguments)], output=self._output.name)

    def _ask(self, **request: object) -> int | None:
        assert self._server.stdin and self._server.stdout
        print(json.dumps(request), file=self._server.stdin, flush=True)
        return json.loads(self._server.stdout.readline())

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._ask(pid=self.pid)
        return self._code

    def wait(self, within_s: float = LONG_S) -> int:
        wait_until(lambda: self.poll() is not None, "the trainer to end", within_s=within_s)
        assert self._code is not None
        return self._code

    def send_signal(self, number: signal.Signals) -> None:
        assert self.poll() is None and self.pid
        os.kill(self.pid, number)

    @property
    def output(self) -> str:
        return Path(self._output.name).read_text(errors="replace")


@functools.cache
def _server() -> subprocess.Popen[str]:
    """One for all trainers of a test process; it ends when nobody can ask any more."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.training.trainer.server"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server


def start_held(folder: Path, step: int) -> Trainer:
    """A trainer that has told the metrics of `step` and goes on when there is a file "go-on"."""
    held = "tests.training.trainer.held_trainer"
    child = Trainer(held, str(step), folder / "go-on", folder)
    wait_until(
        lambda: has_told(folder, step) or child.poll() is not None,
        f"the metrics of step {step}",
        within_s=LONG_S,
    )
    assert child.poll() is None, child.output
    return child


def has_told(folder: Path, step: int) -> bool:
    # The last line may be half written; a whole one says what is needed.
    path = folder / "events.jsonl"
    said = f'"type": "metrics", "step": {step},'
    return path.exists() and said in path.read_text(errors="replace")


def run_trainer(folder: Path, expected: int = 0) -> None:
    """Run to the end; a wrong exit code fails with what the trainer printed."""
    child = Trainer("training.trainer", folder)
    assert child.wait() == expected, child.output


@pytest.fixture(scope="session")
def undisturbed(judge: LearnedJudge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a GRPO run of six steps that nothing interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    write_run(folder, judge, grpo=SMALL_GRPO)
    run_trainer(folder)
    return folder
