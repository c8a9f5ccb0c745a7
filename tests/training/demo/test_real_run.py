"""A real GRPO run of the starter, recorded and shown: what the trainer writes is what is kept."""

from pathlib import Path

import pytest

from rubrics.judging import artefact
from rubrics.judging.learned import LearnedJudge
from tests.conftest import Cast
from tests.support import starter
from tests.support.waiting import LONG_S
from tests.training.demo.folders import MACHINE, write_start
from tests.training.demo.stages import stage, start
from tests.training.trainer.conftest import run_trainer
from tests.training.trainer.folders import read_events
from training import supervisor
from training.demo.making import record
from training.demo.recording import load, save
from training.models import Metric

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LONG_S), pytest.mark.django_db]
TINY = {
    "steps": 2,
    "prompts_per_step": 2,
    "rollouts_per_prompt": 2,
    "save_every": 1,
    "max_completion_tokens": 24,
}


def test_a_real_run_is_recorded_and_shown(
    cast: Cast, judge: LearnedJudge, recorded: Path, tmp_path: Path
) -> None:
    model = tmp_path / "weights/small/starter-1"
    model.parent.mkdir(parents=True)
    model.symlink_to(starter.FOLDER)
    folder = tmp_path / "run"
    artefact.save(judge, folder / "judge")
    fitted = {"kind": "learned", "path": "judge", "hash": artefact.artefact_hash(folder / "judge")}
    train = write_start(folder, model={"path": str(model)}, judge=fitted, grpo=TINY)
    run_trainer(folder)
    told = [event for event in read_events(folder) if event["type"] in ("rollouts", "metrics")]

    save(record(folder, machine=MACHINE))
    kept = load()
    assert kept is not None and kept.about.took_s > 0
    # The recording knows every number that the trainer writes.
    assert [event["values"] for event in kept.events if event["type"] == "metrics"] == [
        event["values"] for event in told if event["type"] == "metrics"
    ]
    run = start(stage(cast.project, cast.leads[0], judge, model="starter-1"))
    supervisor.work(str(run.pk))
    run.refresh_from_db()

    assert (run.status, run.error) == ("succeeded", "")
    assert run.rollouts.count() == 2 * 2 * 2
    replies = [
        (rollout["raw"], rollout["reward"])
        for event in told
        for group in event.get("groups", [])
        for rollout in group["rollouts"]
    ]
    shown = run.rollouts.order_by("step", "pk").values_list("raw", "reward")
    assert [*shown] == replies
    rewards = [event["values"]["reward"] for event in told if event["type"] == "metrics"]
    stored = Metric.objects.filter(run=run, name="reward").order_by("step")
    assert list(stored.values_list("value", flat=True)) == rewards
    assert not run.checkpoints.exists()
    ids = {row["id"] for row in train}
    assert not ids & set(run.rollouts.values_list("prompt_id", flat=True))
