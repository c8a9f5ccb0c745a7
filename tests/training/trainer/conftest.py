"""One fitted judge and one undisturbed run, shared by the tests."""

import os
import subprocess
import sys
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


def start_trainer(folder: Path, *program: str | Path) -> subprocess.Popen[str]:
    """`program` is a module and what comes before the folder; without it, the trainer itself."""
    return subprocess.Popen(
        [sys.executable, "-m", *(program or ["training.trainer"]), folder],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_held(folder: Path, step: int) -> subprocess.Popen[str]:
    """A trainer that has told the metrics of `step` and goes on when there is a file "go-on"."""
    child = start_trainer(
        folder, "tests.training.trainer.held_trainer", str(step), folder / "go-on"
    )
    wait_until(
        lambda: has_told(folder, step) or child.poll() is not None,
        f"the metrics of step {step}",
        within_s=LONG_S,
    )
    assert child.poll() is None, child.communicate()[0]
    return child


def has_told(folder: Path, step: int) -> bool:
    # The last line may be half written; a whole one says what is needed.
    path = folder / "events.jsonl"
    said = f'"type": "metrics", "step": {step},'
    return path.exists() and said in path.read_text(errors="replace")


def run_trainer(folder: Path, expected: int = 0) -> None:
    """Run to the end; a wrong exit code fails with what the trainer printed."""
    child = start_trainer(folder)
    output, _ = child.communicate(timeout=LONG_S)
    assert child.returncode == expected, output


@pytest.fixture(scope="session")
def undisturbed(judge: LearnedJudge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a GRPO run of six steps that nothing interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    write_run(folder, judge, grpo=SMALL_GRPO)
    run_trainer(folder)
    return folder
