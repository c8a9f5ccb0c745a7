"""Deleting a project: every row of every station goes, and nothing else."""

import io
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import (
    Attempt,
    BatteryItem,
    DifficultyPrompt,
    DifficultyReply,
    DraftScore,
    Evidence,
    ExportPart,
    FitRun,
    FitSource,
    GenerationCritic,
    GenerationItem,
    ImpactItem,
    ImportLine,
    JudgeItem,
    OverriddenScore,
    PlaygroundItem,
    Rating,
    Score,
    SuggestionSource,
)
from rubrics.models import Criterion, DraftField, JudgeCall, Level, MeaningChange, Review
from tests.conftest import Cast
from tests.support.objects import RUNS, Setting
from tests.support.pages import html_of
from tests.support.rows import (
    assignment,
    comment,
    decision,
    endpoint_test,
    gate_rule,
    invitation,
    judgement,
    model_call,
    price,
)
from tests.support.run_rows import suggestion
from training.models import (
    Answer,
    AnswerRating,
    EvaluationJudge,
    Metric,
    Rollout,
    TrainingEvaluationJudge,
)
from webapp.accounts.models import Invitation, Project, ProjectCounter
from webapp.accounts.numbers import next_number
from webapp.accounts.services import deletion
from webapp.accounts.services.projects import reopen_project
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.files.folders import run_folder
from webapp.files.services import store
from webapp.runs.models import Transition
from webapp.runs.work import Closed, claimed


def fill(setting: Setting) -> None:
    """At least one row in every table of a project."""
    project = setting.project
    invitation(setting)
    next_number(project, "thing")
    version, target = setting["published_id"], setting["target_id"]
    criterion = Criterion.objects.create(
        project=project, version=version, position=0, uid="u", meaning_id="m",
        criterion_hash="h", name="C", kind="judge",
    )  # fmt: skip
    Level.objects.create(project=project, criterion=criterion, value=1, label="L", anchor="A")
    call = JudgeCall.objects.create(
        project=project, judge=setting["judge_id"], spec=version.spec, context_hash="x",
    )  # fmt: skip
    for make in (model_call, endpoint_test, price, gate_rule):
        make(setting)
    held = assignment(setting)
    rating = Rating.objects.create(
        project=project, target=target, spec=version.spec, rater=held.rater, purpose="desk",
        submitted_at=timezone.now(),
    )  # fmt: skip
    score = Score.objects.create(
        project=project, rating=rating, criterion_uid="u", meaning_id="m", criterion_hash="h",
        status="scored", value=3, judge_call=call,
    )  # fmt: skip
    Evidence.objects.create(project=project, score=score, span="response", quote="q")
    OverriddenScore.objects.create(project=project, decision=decision(setting), score=score)
    held.state, held.rating, held.submitted_at = "submitted", rating, timezone.now()
    held.save()
    runs = {name: build(setting) for name, build in RUNS.items()}
    dialogue = setting["dialogue_id"]
    ImportLine.objects.create(
        project=project, run=runs["import"], line=1, outcome="added", dialogue=dialogue
    )
    GenerationItem.objects.create(
        project=project, run=runs["generation"], position=0, profile=dialogue.profile,
        emotion="sad", situation="s",
    )  # fmt: skip
    GenerationCritic.objects.create(
        project=project, run=runs["generation"], version=version, spec=version.spec,
        judge=setting["judge_id"], thresholds={}, solved_from=1,
    )  # fmt: skip
    Attempt.objects.create(
        project=project, dialogue=dialogue, position=1, number=1, text="t", raw="r", seed=0,
        context_hash="x", judge_call=call,
    )  # fmt: skip
    ExportPart.objects.create(project=project, run=runs["export"], position=0, units=1, rows=1)
    JudgeItem.objects.create(
        project=project, run=runs["judging"], position=0, target=target, state="done",
        rating=rating,
    )  # fmt: skip
    FitSource.objects.create(project=project, run=runs["fit"], target=target)
    BatteryItem.objects.create(
        project=project, run=runs["battery"], position=0, case="garbage 1", context_hash="x"
    )
    Transition.objects.create(
        project=project, run_kind="fit", run_id=runs["fit"].pk, after="pending"
    )
    training = runs["training"]
    Metric.objects.create(run=training, step=1, name="reward", value=0.5)
    Rollout.objects.create(
        project=project, run=training, step=1, prompt_id="p", index=0, emotion="sad",
        prompt_tail="t", raw="r", format=1, emotion_match=1, reward=1,
    )  # fmt: skip
    TrainingEvaluationJudge.objects.create(project=project, run=training, judge=setting["judge_id"])
    evaluated = runs["evaluation"]
    EvaluationJudge.objects.create(
        project=project, run=evaluated, judge=setting["judge_id"], is_reward=False
    )
    answer = Answer.objects.create(
        project=project, system=evaluated.systems.get(), prompt=target, position=0,
        target=target, format=1,
    )  # fmt: skip
    AnswerRating.objects.create(
        project=project, answer=answer, judge=setting["judge_id"], rating=rating
    )
    prompt = DifficultyPrompt.objects.create(
        project=project, run=runs["difficulty"], position=0, target=target, k=2
    )
    DifficultyReply.objects.create(
        project=project, prompt=prompt, number=0, target=target, rating=rating, verdict="pass"
    )
    comment(setting)
    Review.objects.create(
        project=project, version=version, reviewer=setting.person, revision=0, verdict="approved"
    )
    MeaningChange.objects.create(
        project=project, version=version, uid="u", changed=True, suggested=True
    )
    DraftField.objects.create(
        project=project, version=version, field="title", revision=1, author=setting.person
    )
    DraftScore.objects.create(
        project=project, judge=setting["judge_id"], target=target, spec=version.spec,
        criterion_uid="u", pass_hash="r", status="scored", value=3,
    )  # fmt: skip
    for item, run in ((PlaygroundItem, "playground"), (ImpactItem, "impact")):
        item.objects.create(project=project, run=runs[run], position=0, target=target)
    SuggestionSource.objects.create(
        project=project, run=runs["suggestion"], position=0, target=target, criterion_uid="u"
    )
    suggestion(setting)
    judgement(setting)


def tables() -> Iterator[tuple[str, str]]:
    """(table, SQL for the rows of a project) of everything that belongs to projects."""
    for model in apps.get_models():
        for where, _ in deletion.rows_of_project(model):
            yield model._meta.db_table, where


def count(project: Project) -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        for table, where in tables():
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}", [project.pk])  # noqa: S608
            found[table] = cursor.fetchone()[0]
    return found


def close(cast: Cast) -> None:
    deletion.delete_project(actor=cast.leads[0], project=cast.project, typed_name=cast.project.name)


def delete(cast: Cast) -> None:
    close(cast)
    assert deletion.purge_projects() == 1
    # What the commit would check.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_every_row_of_every_station_goes_and_no_other(cast: Cast) -> None:
    fill(Setting(cast.project, cast.leads[0]))
    fill(Setting(cast.other_project, cast.stranger))
    before, others = count(cast.project), count(cast.other_project)
    empty = [table for table, rows in before.items() if not rows]
    assert empty == [], "this test has no row of these tables: add one to fill()"
    delete(cast)
    assert set(count(cast.project).values()) == {0}
    assert count(cast.other_project) == others
    assert not Project.objects.filter(pk=cast.project.pk).exists()
    # The log outlives the project.
    entry = Entry.objects.get(action="project.deleted")
    assert (entry.project_id, entry.actor) == (cast.project.pk, cast.leads[0])
    assert Entry.objects.filter(action="invitation.created", project_id=cast.project.pk).exists()


def test_the_door_is_open_for_this_project_only(cast: Cast) -> None:
    """Published and submitted rows are kept outside of the deletion of their own project."""
    fill(Setting(cast.project, cast.leads[0]))
    for door in ("", str(cast.other_project.pk)):
        with (
            pytest.raises(DatabaseError, match="can not be deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT set_config('kardia.deleting_project', %s, true)", [door])
            cursor.execute("DELETE FROM annotation_score")


def test_files_and_run_folders_go_with_the_project(cast: Cast) -> None:
    row = store(
        project=cast.project, kind="upload", name="a.jsonl", content=io.BytesIO(b"x"), actor=None
    )
    run = RUNS["training"](Setting(cast.project, cast.leads[0]))
    weights = run_folder(run.pk) / "checkpoints/10/model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    assert default_storage.exists(row.path)
    default_storage.save(f"{cast.project.pk.hex}/ab/without-a-row", io.BytesIO(b"y"))
    delete(cast)
    assert not default_storage.exists(cast.project.pk.hex)
    assert not run_folder(run.pk).exists()


def test_a_deleted_project_closes_at_once_and_waits_for_its_workers(
    client: Client, cast: Cast
) -> None:
    setting = Setting(cast.project, cast.leads[0])
    invited = invitation(setting)
    version = setting["published_id"]
    run = FitRun.objects.create(
        project=cast.project, number=1, created_by=cast.leads[0], idempotency_key="k",
        heartbeat_at=timezone.now(), version=version, judge_name="J",
    )  # fmt: skip
    client.force_login(cast.leads[0])
    home = reverse("project_home", args=[cast.project.pk])
    with claimed(FitRun, run.pk) as claim:
        assert claim is not None
        close(cast)
        for user in (cast.leads[0], cast.clinicians[0], cast.annotators[0]):
            client.force_login(user)
            assert client.get(home).status_code == 404
        assert not Invitation.objects.filter(pk=invited.pk).exists()
        # A worker holds a run: nothing is removed under its hands, and it writes nothing more.
        assert deletion.purge_projects() == 0
        with pytest.raises(Closed), claim.writing():
            pass
    run.refresh_from_db()
    assert (run.status, run.claim) == ("pending", None)
    client.force_login(cast.leads[0])
    assert "is being deleted" in html_of(client.get(reverse("projects")))
    client.force_login(cast.leads[1])
    assert "is being deleted" not in html_of(client.get(reverse("projects")))
    assert deletion.purge_projects() == 1
    assert deletion.purge_projects() == 0
    assert not Project.objects.filter(pk=cast.project.pk).exists()


def test_a_project_that_cannot_be_removed_now_does_not_keep_the_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close(cast)
    deletion.delete_project(
        actor=cast.stranger, project=cast.other_project, typed_name=cast.other_project.name
    )
    delete_files = deletion._delete_files

    def fails_for_the_first(project: Project) -> None:
        if project.pk == cast.project.pk:
            raise OSError("Device or resource busy")
        delete_files(project)

    monkeypatch.setattr(deletion, "_delete_files", fails_for_the_first)
    assert deletion.purge_projects() == 1
    assert f"{cast.project.pk} could not be removed now" in caplog.text
    assert [row.pk for row in Project.objects.all()] == [cast.project.pk]
    monkeypatch.undo()
    assert deletion.purge_projects() == 1


def test_the_name_has_to_be_typed(client: Client, cast: Cast) -> None:
    with pytest.raises(Refused, match="not the name"):
        deletion.delete_project(actor=cast.leads[0], project=cast.project, typed_name="other")
    client.force_login(cast.leads[0])
    url = reverse("project_delete", args=[cast.project.pk])
    answer = client.post(url, {"name": "other"})
    assert "This is not the name of the project." in html_of(answer)
    assert client.post(url, {"name": cast.project.name}).url == reverse("projects")
    assert deletion.purge_projects() == 1
    assert not Project.objects.filter(pk=cast.project.pk).exists()
    assert ProjectCounter.objects.filter(project_id=cast.project.pk).count() == 0


def test_whoever_opens_a_project_again_while_it_is_deleted_does_not_wake_its_runs(
    cast: Cast,
) -> None:
    lead, project = cast.leads[0], cast.project
    deletion.delete_project(actor=lead, project=project, typed_name=project.name)
    reopen_project(actor=lead, project=project)
    project.refresh_from_db()
    assert project.archived_at is not None
