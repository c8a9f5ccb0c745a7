"""What the demo runs by itself after the first start."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import FitRun, GenerationRun, JudgeRun
from rubrics.judges.services import judge_create_llm
from training.models import Checkpoint, EvaluationRun
from webapp.accounts.models import Project
from webapp.home import demo, demo_runs
from webapp.llm.models import Endpoint
from webapp.runs import services as runs


@pytest.fixture(autouse=True)
def demo_project(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(demo, "_model", lambda project, lead: None)
    demo.load()
    return Project.objects.get(name=demo.PROJECT)


def fit(project: Project) -> FitRun:
    """The judge is there, as a worker leaves it."""
    row = FitRun.objects.get(project=project)
    server = Endpoint.objects.create(
        project=project, name="E", base_url="http://127.0.0.1:9/v1", model="m"
    )
    row.judge = judge_create_llm(
        project=project, actor=row.created_by, name=row.judge_name, endpoint=server
    )
    row.save(update_fields=["judge"])
    return row


def test_the_judge_scores_written_dialogues_as_soon_as_it_is_there(demo_project: Project) -> None:
    demo_runs.go_on()
    assert not JudgeRun.objects.exists(), "it is not fitted yet"
    judge = fit(demo_project).judge
    demo_runs.go_on()
    demo_runs.go_on()
    run = JudgeRun.objects.get()
    assert (run.judge, run.snapshot.collection.name) == (judge, "Written dialogues")
    assert run.items.count() == demo_runs.JUDGED


def test_a_run_that_was_stopped_does_not_come_back(demo_project: Project) -> None:
    row = fit(demo_project)
    demo_runs.go_on()
    runs.cancel(JudgeRun.objects.get(), actor=row.created_by)
    demo_runs.go_on()
    assert JudgeRun.objects.get().status == "cancelled"


def test_a_closed_project_is_left_alone(demo_project: Project) -> None:
    fit(demo_project)
    Project.objects.update(archived_at=timezone.now())
    demo_runs.go_on()
    assert not JudgeRun.objects.exists()


def talks(project: Project) -> Endpoint:
    """The small language model is there and served, as a worker leaves it."""
    lead = FitRun.objects.get(project=project).created_by
    server = Endpoint.objects.create(
        project=project, name="Small", base_url="http://127.0.0.1:9/v1", model="s"
    )
    Checkpoint.objects.create(
        project=project,
        number=1,
        name="Small",
        origin=Checkpoint.Origin.PACKAGE,
        source="package 1",
        created_by=lead,
        endpoint=server,
    )
    return server


def test_the_model_talks_and_is_evaluated_as_soon_as_it_is_served(demo_project: Project) -> None:
    judge = fit(demo_project).judge
    demo_runs.go_on()
    assert not GenerationRun.objects.exists(), "nobody speaks yet"
    speaker = talks(demo_project)
    demo_runs.go_on()
    demo_runs.go_on()
    generation = GenerationRun.objects.get()
    assert (generation.supporter, generation.simulator) == (speaker, speaker)
    assert (generation.critic.judge, generation.items.count()) == (judge, demo_runs.DIALOGUES)
    evaluation = EvaluationRun.objects.get()
    assert {each.endpoint for each in evaluation.systems.all()} == {speaker, None}


def test_a_removed_endpoint_stops_neither_page_nor_server(demo_project: Project) -> None:
    fit(demo_project)
    server = talks(demo_project)
    server.archived_at = timezone.now()
    server.save(update_fields=["archived_at"])
    demo_runs.go_on()
    assert JudgeRun.objects.exists()
    assert not GenerationRun.objects.exists()
