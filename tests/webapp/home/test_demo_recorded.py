"""The demo shows the recorded run of the repository, once base and judge are there."""

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotation.models import FitRun
from rubrics.judging.learned import LearnedJudge
from tests.training.demo.folders import MACHINE, write_folder
from tests.training.demo.stages import small_model
from tests.training.runs.test_events import reward_by_step
from tests.training.runs.worlds import learned
from training import supervisor
from training.demo import recording
from training.demo.making import record
from training.models import Checkpoint, TrainingRun
from webapp.accounts.models import Project
from webapp.home import demo, demo_runs
from webapp.home.management.commands import demo_record
from webapp.runs import services as runs

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quiet(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR, settings.RUN_LEASE_S = tmp_path / "var", 3600.0
    monkeypatch.setattr(recording, "FOLDER", tmp_path / "recorded")
    monkeypatch.setattr(demo, "_model", lambda project, lead: None)
    demo_runs._say_once.cache_clear()


@pytest.fixture
def project(db: None, judge: LearnedJudge) -> Project:
    """The demo with the judge and the model, as workers leave them."""
    demo.load()
    found = Project.objects.get(name=demo.PROJECT)
    fit = FitRun.objects.get(project=found)
    fit.judge = learned(found, fit.created_by, judge)
    fit.save(update_fields=["judge"])
    small_model(found, "small-1234")
    return found


def keep_a_recording(tmp_path: Path) -> None:
    recording.save(record(write_folder(tmp_path / "run"), machine=MACHINE))


def test_the_demo_shows_it_once(project: Project, tmp_path: Path) -> None:
    demo_runs.go_on()
    assert not TrainingRun.objects.exists(), "the repository has no recording"
    keep_a_recording(tmp_path)
    demo_runs.go_on()
    demo_runs.go_on()
    run = TrainingRun.objects.get()
    assert (run.project, run.recorded["machine"]) == (project, MACHINE)
    assert run.train_snapshot.collection.name == "Written dialogues"
    supervisor.work(str(run.pk))
    demo_runs.go_on()
    run = TrainingRun.objects.get()
    assert run.status == "succeeded" and list(reward_by_step(run)) == [1, 2, 3]


def test_it_waits_for_its_base(project: Project, tmp_path: Path) -> None:
    keep_a_recording(tmp_path)
    Checkpoint.objects.all().delete()
    demo_runs.go_on()
    assert not TrainingRun.objects.exists()
    small_model(project, "small-1234")
    demo_runs.go_on()
    assert TrainingRun.objects.exists()


def test_another_small_model_is_told_once(
    project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_a_recording(tmp_path)
    Checkpoint.objects.update(path="weights/small/small-5678")
    with caplog.at_level(logging.WARNING, logger=demo_runs.logger.name):
        demo_runs.go_on()
        demo_runs.go_on()
    [said] = [line.getMessage() for line in caplog.records if line.name == demo_runs.logger.name]
    assert "“small-1234”, which this project does not have" in said
    assert not TrainingRun.objects.exists()


def test_after_an_update_the_next_recording_follows_one_that_was_not_read(
    project: Project, tmp_path: Path
) -> None:
    keep_a_recording(tmp_path)
    demo_runs.go_on()
    first = TrainingRun.objects.get()
    recording.save(record(write_folder(tmp_path / "next", seed=8), machine=MACHINE))
    demo_runs.go_on()
    assert TrainingRun.objects.count() == 1, "the first one waits for a worker"
    supervisor.work(str(first.pk))
    demo_runs.go_on()
    demo_runs.go_on()
    second = TrainingRun.objects.exclude(pk=first.pk).get()
    assert second.idempotency_key == f"demo {second.recorded['sha256'][:8]}"
    supervisor.work(str(second.pk))
    states = TrainingRun.objects.order_by("number").values_list("status", flat=True)
    assert list(states) == ["failed", "succeeded"]
    recording.save(record(write_folder(tmp_path / "third", seed=9), machine=MACHINE))
    demo_runs.go_on()
    assert TrainingRun.objects.count() == 2, "one run was shown"


def test_a_recorded_run_that_was_stopped_does_not_come_back(
    project: Project, tmp_path: Path
) -> None:
    keep_a_recording(tmp_path)
    demo_runs.go_on()
    run = TrainingRun.objects.get()
    runs.cancel(run, actor=run.created_by)
    recording.save(record(write_folder(tmp_path / "next", seed=8), machine=MACHINE))
    demo_runs.go_on()
    assert TrainingRun.objects.get().status == "cancelled"


def test_a_recording_that_does_not_fit_is_told_once_and_left_out(
    project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_a_recording(tmp_path)
    path = recording.FOLDER / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    with caplog.at_level(logging.WARNING, logger=demo_runs.logger.name):
        demo_runs.go_on()
        demo_runs.go_on()
    [said] = [line.getMessage() for line in caplog.records if line.name == demo_runs.logger.name]
    assert said.startswith("The demo shows no recorded training run. The recording can’t be read.")
    assert not TrainingRun.objects.exists()


def test_the_command_records_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_record, "described", lambda: "This machine, 2 cores")
    said = io.StringIO()
    call_command("demo_record", str(write_folder(tmp_path / "run")), stdout=said)
    kept = recording.load()
    assert kept is not None and kept.about.machine == "This machine, 2 cores"
    assert said.getvalue().startswith("3 steps, 0.0 MB, of 2030-05-01 on This machine, 2 cores: ")


def test_the_command_records_a_run_by_its_id(tmp_path: Path, settings: Any) -> None:
    pk = "0197e0a1-0000-7000-8000-000000000001"
    write_folder(settings.VAR_DIR / "runs" / pk.replace("-", ""))
    call_command("demo_record", pk, "--machine", MACHINE, stdout=io.StringIO())
    kept = recording.load()
    assert kept is not None and kept.about.machine == MACHINE


def test_the_command_says_what_it_can_not_record(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("demo_record", "0197e0a1-0000-7000-8000-000000000001")
    with pytest.raises(CommandError, match="Only a run of GRPO"):
        call_command("demo_record", str(write_folder(tmp_path / "run", method="sft")))
    assert not recording.FOLDER.exists()
