"""What the demo runs by itself after the first start."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.agreement.queries import VersionAgreement
from annotation.demo.written import other_replies, written_dialogues
from annotation.judge_runs import fitting
from annotation.judge_runs import work as judging
from annotation.models import Collection, FitRun, GenerationRun, JudgeRun
from rubrics.core.spec import from_json
from rubrics.judges.services import judge_create_llm
from tests.support.pages import html_of
from training.models import Checkpoint, EvaluationRun
from training.small.models import PUBLISHED, TRAINED, SmallModel
from webapp.accounts.access import find_member
from webapp.accounts.models import Project, User
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
    found = {run.snapshot.collection.name: run for run in JudgeRun.objects.all()}
    assert sorted(found) == [
        "Other replies, test split",
        "Written dialogues",
        "Written dialogues, test split",
    ]
    assert {run.judge for run in found.values()} == {judge}
    assert found["Written dialogues"].items.count() == demo_runs.JUDGED


def test_a_demo_of_an_earlier_version_gets_the_sets_of_the_test_split(
    demo_project: Project,
) -> None:
    sets = Collection.objects.filter(name__endswith="test split")
    fit(demo_project)
    sets.filter(snapshots=None).delete()
    demo_runs.go_on()
    demo_runs.go_on()
    assert sets.count() == 2 and JudgeRun.objects.count() == 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_judge_is_compared_with_the_authors_on_what_it_did_not_learn_from(
    demo_project: Project, client: Client
) -> None:
    row = FitRun.objects.get(project=demo_project)
    fitting.work(str(row.pk))
    demo_runs.go_on()
    for run in JudgeRun.objects.all():
        judging.work(str(run.pk))
    lead = User.objects.get(email="lead@kardia.example")
    member = find_member(lead, demo_project.pk)
    assert member is not None
    found = VersionAgreement(member, row.version)
    reference = found.reference("")
    assert reference is not None and reference.name == "Author A"
    (judge,) = [each for each in found.compared_with(reference.key) if each.rater.is_learned]
    in_test = {each.id for each in written_dialogues() if each.split == "test"}
    tested = [each for each in other_replies() if each.dialogue in in_test]
    assert (judge.items, judge.left_out) == (len(tested), 0)
    assert all(each.alpha.n_pairable == len(tested) for each in judge.criteria)
    client.force_login(lead)
    page = html_of(client.get(reverse("agreement", args=[demo_project.pk])))
    assert f"{len(tested)} items count." in page


def test_a_run_that_was_stopped_does_not_come_back(demo_project: Project) -> None:
    row = fit(demo_project)
    demo_runs.go_on()
    for run in JudgeRun.objects.all():
        runs.cancel(run, actor=row.created_by)
    demo_runs.go_on()
    assert list(JudgeRun.objects.values_list("status", flat=True)) == ["cancelled"] * 3


def test_a_closed_project_is_left_alone(demo_project: Project) -> None:
    fit(demo_project)
    Project.objects.update(archived_at=timezone.now())
    demo_runs.go_on()
    assert not JudgeRun.objects.exists()


def talks(project: Project, model: SmallModel = TRAINED) -> Endpoint:
    """The small language model is there and served, as a worker leaves it."""
    lead = FitRun.objects.get(project=project).created_by
    server = Endpoint.objects.create(
        project=project, name=model.name, base_url="http://127.0.0.1:9/v1", model=model.key
    )
    Checkpoint.objects.create(
        project=project,
        number=Checkpoint.objects.count() + 1,
        name=model.name,
        origin=Checkpoint.Origin.PACKAGE,
        source=model.source,
        created_by=lead,
        endpoint=server,
    )
    return server


def test_the_model_talks_and_is_evaluated_as_soon_as_it_is_served(demo_project: Project) -> None:
    judge = fit(demo_project).judge
    talks(demo_project, PUBLISHED)
    demo_runs.go_on()
    assert not GenerationRun.objects.exists(), "nobody who was trained to speaks yet"
    speaker = talks(demo_project)
    demo_runs.go_on()
    demo_runs.go_on()
    generation = GenerationRun.objects.get()
    assert (generation.supporter, generation.simulator) == (speaker, speaker)
    assert (generation.critic.judge, generation.items.count()) == (judge, demo_runs.DIALOGUES)
    critic = generation.critic
    asked = from_json(critic.spec.content).judge_criteria
    levels = {criterion.name: critic.thresholds[criterion.uid] for criterion in asked}
    assert levels.pop("Persona consistency") == 1, "no reply of the model passes a higher level"
    assert set(levels.values()) == {3}
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
