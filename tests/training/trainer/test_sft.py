"""A short supervised run."""

import pytest

from tests.training.trainer.conftest import run_trainer
from tests.training.trainer.folders import read_events, write_run

pytestmark = pytest.mark.slow


def test_sft_learns_from_completions_and_leaves_a_checkpoint(judge, tmp_path):
    folder = tmp_path / "run"
    sft = {"steps": 4, "batch_size": 4, "learning_rate": 1e-3, "max_completion_tokens": 64}
    write_run(folder, judge, method="sft", sft={**sft, "save_every": 2})
    run_trainer(folder)
    events = read_events(folder)
    losses = [e["values"]["loss"] for e in events if e["type"] == "metrics"]
    assert len(losses) == 4 and losses[-1] < losses[0]
    assert [e["path"] for e in events if e["type"] == "checkpoint"] == [
        "checkpoints/step-2",
        "checkpoints/final",
    ]
    assert events[-1] == events[-1] | {"type": "finished", "step": 4}
