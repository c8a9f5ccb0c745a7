"""Checkpoints: whole or passed over."""

from pathlib import Path

import pytest

from training.trainer.checkpoints import Checkpoints

pytestmark = pytest.mark.model


def publish(checkpoints: Checkpoints, step: int) -> Path:
    written = checkpoints.work / f"checkpoint-{step}"
    written.mkdir(parents=True)
    (written / "weights").write_text(f"weights of step {step}")
    checkpoints.publish(written, f"step-{step}", step)
    return checkpoints.work.parent / f"checkpoints/step-{step}"


def test_the_newest_whole_checkpoint_counts(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.clean()
    assert checkpoints.latest() is None
    newest = [publish(checkpoints, step) for step in (2, 4, 10, 20, 30)]
    assert checkpoints.latest() == (30, newest[-1])
    (newest[-1] / "weights").write_text("half")
    (newest[-2] / "weights").unlink()
    assert checkpoints.latest() == (10, newest[-3])
    (newest[-3] / "manifest.json").write_text("[]")
    assert checkpoints.latest()[0] == 4


def test_what_was_not_finished_is_removed(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.clean()
    publish(checkpoints, 2)
    (checkpoints.work / "checkpoint-4").mkdir()
    checkpoints.clean()
    assert not checkpoints.work.exists()
    assert checkpoints.latest()[0] == 2


def test_a_step_that_is_trained_again_replaces_its_checkpoint(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.clean()
    folder = publish(checkpoints, 2)
    (folder / "weights").write_text("broken")
    publish(checkpoints, 2)
    assert checkpoints.latest() == (2, folder)
