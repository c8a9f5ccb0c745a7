"""Why a run ended, in words."""

import errno

import pytest
import torch

from tests.training.trainer.folders import write_run
from training.trainer import run
from training.trainer.callbacks import _require_numbers
from training.trainer.config import read_spec
from training.trainer.failures import TrainingFailed, in_words

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), "out of memory"),
        (RuntimeError("probability tensor contains either `inf`"), "became invalid"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (TrainingFailed("The judge failed."), "The judge failed."),
        (KeyError("x"), "KeyError"),
    ],
)
def test_in_words(error, words):
    assert words in in_words(error)


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_a_loss_that_is_not_a_number_ends_the_run(name):
    with pytest.raises(TrainingFailed, match="of step 7 became invalid"):
        _require_numbers({"loss": 0.1, name: float("nan")}, 7)


def test_a_full_disk_is_noticed_before_the_start(judge, tmp_path, monkeypatch):
    write_run(tmp_path / "run", judge)
    monkeypatch.setattr(run.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(TrainingFailed, match="0.0 GB free"):
        run.require_disk(read_spec(tmp_path / "run"), tmp_path)
