"""A recording is shown as a training run: with its rows and prompts, once, and without weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Dialogue, Snapshot, Target
from rubrics.demo.kardia import KARDIA
from rubrics.judging import artefact
from rubrics.judging.learned import LearnedJudge
from tests.conftest import Cast
from tests.support.exports import rows_for
from tests.support.pages import html_of
from tests.support.waiting import wait_until
from tests.support.worker import LEASE_S, TEST_TIMEOUT_S, kill_held
from tests.training.demo import stages
from tests.training.demo.folders import MACHINE, chosen, of_split, write_folder
from tests.training.demo.stages import small_model, stage, start
from tests.training.runs.test_events import reward_by_step
from tests.training.runs.worlds import World, dialogues_in
from training import supervisor
from training.demo import replay
from training.demo.making import record
from training.demo.recording import Recording, load, save
from training.demo.replay import base_of, prepare
from training.evaluation.services import reward_judges
from training.models import Checkpoint, Rollout, TrainingRun
from training.paths import EVENTS, SPEC, folder_of
from training.queries.runs import seconds_a_reply, state_of
from webapp.errors import Refused
from webapp.files.folders import make_private
from webapp.llm.models import Endpoint
from webapp.runs import services as runs

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def ready(cast: Cast, judge: LearnedJudge) -> World:
    return stage(cast.project, cast.leads[0], judge)


@pytest.fixture
def made(recorded: Path, tmp_path: Path) -> Recording:
    """A recording in its place."""
    save(record(write_folder(tmp_path / "run"), machine=MACHINE))
    found = load()
    assert found is not None
    return found


def replayed(run: TrainingRun) -> TrainingRun:
    supervisor.work(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_recording_becomes_a_finished_run_with_its_rows(ready: World, made: Recording) -> None:
    run = replayed(start(ready))
    assert (run.status, run.error, run.method, run.steps_total) == ("succeeded", "", "grpo", 3)
    # Step 2 was repeated: what the first attempt told of it is gone.
    assert reward_by_step(run) == {1: 0.5, 2: 0.5, 3: 0.5}
    assert run.settings == made.settings
    assert (run.base, run.version, run.judge) == (ready.base, ready.version, ready.judge)
    assert run.event_offset == (folder_of(run) / EVENTS).stat().st_size
    assert run.recorded == {
        "machine": MACHINE,
        "date": "2030-05-01",
        "took_s": 32.0,
        "judge_hash": "ab" * 32,
        "is_same_judge": False,
        "sha256": made.sha256,
    }
    assert json.loads((folder_of(run) / SPEC).read_text()) == made.spec


def test_rollouts_answer_the_prompts_of_this_database(ready: World, made: Recording) -> None:
    run = replayed(start(ready))
    places = [
        (target.turn.dialogue.source, target.turn.dialogue.source_key, target.turn.position)
        for prompt in dict.fromkeys(run.rollouts.order_by("pk").values_list("prompt_id", flat=True))
        for target in [Target.objects.select_related("turn__dialogue").get(pk=prompt)]
        if target.turn is not None
    ]
    assert places == [("written", each.id, 3) for each in of_split("train", 3)]
    members = run.train_snapshot.members.order_by("position").values_list("target", flat=True)
    in_order = dict.fromkeys(run.rollouts.order_by("pk").values_list("prompt_id", flat=True))
    assert [str(pk) for pk in members] == list(in_order)
    assert run.held_out_snapshot.members.count() == 2


def test_its_page_says_that_it_was_recorded_and_offers_no_weights(
    client: Client, ready: World, made: Recording
) -> None:
    run = replayed(start(ready))
    client.force_login(ready.lead)
    where = {"project_id": run.project_id}
    page = html_of(client.get(reverse("training_run", kwargs=where | {"run_id": run.pk})))
    assert "This run was recorded." in page and f"The machine: {MACHINE}." in page
    assert "It ran on 1 May 2030 and took 32 s." in page
    assert "so you can’t talk to it or train it further." in page
    assert "The judge of this project may give slightly different scores." in page
    assert "The recorded judge <code>ababab</code>" in page and str(run.judge) not in page
    assert "Recorded settings" in page
    assert "A recorded run has no evaluation" in page
    for offered in ("Last checkpoint", "serve both as endpoints", "training_log", ">Log<"):
        assert offered not in page
    assert page.count("32 s") == 2, "in the sentence, and beside the progress"
    assert "recorded" in html_of(client.get(reverse("training_runs", kwargs=where)))
    assert not Checkpoint.objects.filter(run=run).exists()
    form = client.get(reverse("training_new", kwargs=where)).context["form"]
    assert [row.pk for row in form.fields["base"].queryset] == [ready.base.pk]


def test_the_api_tells_it_too(client: Client, ready: World, made: Recording) -> None:
    run = start(ready)
    client.force_login(ready.lead)
    address = reverse("api_training_retrieve", args=[run.project_id, run.pk])
    told = client.get(address).json()
    assert told["recorded"] == {
        "machine": MACHINE,
        "date": "2030-05-01",
        "took_s": 32.0,
        "judge_hash": "ab" * 32,
        "is_same_judge": False,
    }
    TrainingRun.objects.filter(pk=run.pk).update(recorded=None)
    assert client.get(address).json()["recorded"] is None


def test_exports_tell_who_scored_it(cast: Cast, ready: World, made: Recording) -> None:
    run = replayed(start(ready))
    run.rollouts.filter(index=0).update(reward=0.1)
    for table in ("rollouts", "preferences"):
        [_, row], *_ = rows_for(cast, ready.lead, table, training_run=str(run.pk))
        assert (row["judge"], row["judge_hash"]) == ("The recorded judge", "ab" * 32)
        assert row["recorded"] == "2030-05-01"


def test_where_the_projects_judge_scored_it_the_page_says_so(
    client: Client, ready: World, judge: LearnedJudge, recorded: Path, tmp_path: Path
) -> None:
    artefact.save(judge, tmp_path / "judge")
    files = {"kind": "learned", "hash": artefact.artefact_hash(tmp_path / "judge")}
    save(record(write_folder(tmp_path / "run", judge=files), machine=MACHINE))
    run = replayed(start(ready))
    client.force_login(ready.lead)
    page = html_of(client.get(reverse("training_run", args=[run.project_id, run.pk])))
    assert f"{ready.judge} <code>{ready.judge.hash[:6]}</code>" in page
    assert "The scores come from a judge on that machine." in page
    assert "slightly different" not in page and "recorded judge" not in page


def test_no_evaluation_takes_its_judge_for_a_reward(ready: World, made: Recording) -> None:
    """Nobody knows what this endpoint serves: it may be any model that was trained here."""
    start(ready)
    server = Endpoint.objects.create(
        project=ready.project, name="E", base_url="http://127.0.0.1:9/v1", model="m"
    )
    assert reward_judges(ready.project, [server]) == set()
    TrainingRun.objects.update(recorded=None)
    assert reward_judges(ready.project, [server]) == {ready.judge.hash}


def test_it_has_no_log_and_saves_no_checkpoint_when_it_stops(
    client: Client, ready: World, made: Recording
) -> None:
    run = start(ready)
    runs.claim(TrainingRun, run.pk)
    runs.cancel(run, actor=ready.lead)
    client.force_login(ready.lead)
    where = [run.project_id, run.pk]
    page = html_of(client.get(reverse("training_run", args=where)))
    assert "Stopping.</b> This takes a few seconds." in page and "checkpoint and stops" not in page
    assert client.get(reverse("training_log", args=where)).status_code == 404


def test_its_time_is_no_estimate_for_this_machine(ready: World, made: Recording) -> None:
    run = replayed(start(ready))
    assert state_of(run).progress.step_s == 2.0
    assert seconds_a_reply(ready.project) is None


def test_the_same_key_again_is_the_same_run(ready: World, made: Recording) -> None:
    run = start(ready)
    snapshots = Snapshot.objects.count()
    assert start(ready) == replayed(run) == start(ready)
    assert (TrainingRun.objects.count(), Snapshot.objects.count()) == (1, snapshots)
    # A late message about a run that has ended.
    supervisor.work(str(run.pk))
    assert run.rollouts.count() == 4 * (2 + 2 + 1)


@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_is_followed_by_one_that_finishes(
    ready: World, made: Recording, recorded: Path, settings
) -> None:
    settings.RUN_LEASE_S = LEASE_S
    run = start(ready)
    kill_held(
        "tests.training.demo.workers:replay",
        run.pk,
        HOLD_AFTER="8",
        RUNS_IN=str(settings.VAR_DIR),
        RECORDED=str(recorded),
    )
    assert (run.rollouts.count(), reward_by_step(run)) == (8, {})
    wait_until(lambda: runs.reap() == 1, "the lease to run out")
    replayed(run)
    assert (run.status, run.attempt) == ("succeeded", 2)
    assert reward_by_step(run) == {1: 0.5, 2: 0.5, 3: 0.5}
    assert run.rollouts.count() == 4 * (2 + 2 + 1)


def test_a_folder_that_was_not_written_whole_is_written_again(
    ready: World, made: Recording
) -> None:
    run = start(ready)
    folder = folder_of(run)
    folder.mkdir(parents=True)
    (folder / EVENTS).write_text('{"type": "sta')
    assert replayed(run).status == "succeeded" and list(reward_by_step(run)) == [1, 2, 3]


@pytest.mark.parametrize(
    "found",
    [b"", b'{"type": "sta', b'{"type": "log"}\n', b'{"type": "log"}\n' + bytes(40) + b"\n"],
    ids=["empty", "half a line", "too few", "zeros"],
)
def test_a_folder_that_lost_events_fails_and_is_written_anew(
    ready: World, made: Recording, found: bytes
) -> None:
    """As a power cut may leave it."""
    run = start(ready)
    (prepare(run) / EVENTS).write_bytes(found)
    replayed(run)
    assert (run.status, run.error) == ("failed", "The recording was not read to its end.")
    assert run.event_offset == 0 and not list(folder_of(run).iterdir())
    runs.resume(run, actor=ready.lead)
    assert replayed(run).status == "succeeded" and list(reward_by_step(run)) == [1, 2, 3]


def test_the_folder_survives_a_power_cut_and_a_worker_that_lost_the_run(
    ready: World, made: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(ready)
    folder = make_private(folder_of(run))
    drafts = [path.with_suffix(".part") for path in (folder / EVENTS, folder / SPEC)]
    for draft in drafts:
        draft.write_text("What another worker has written so far")
    flushed: list[Path] = []
    monkeypatch.setattr(replay, "flush_to_disk", flushed.append)
    prepare(run)
    assert [draft.exists() for draft in drafts] == [True, True]
    names = [path.name.split(".")[0] for path in flushed if path != folder]
    assert names == ["events", "spec"] and flushed[-1] == folder


@pytest.mark.parametrize("source", ["other", "written"])
def test_a_prompt_that_is_not_here_is_refused(
    cast: Cast, judge: LearnedJudge, made: Recording, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Of the five dialogues the project lacks one, or has another one by its name."""
    gone = of_split("train", 2)[1]
    rest = [each for each in chosen() if each.id != gone.id]
    monkeypatch.setattr(stages, "chosen", lambda: rest)
    ready = stage(cast.project, cast.leads[0], judge)
    dialogues_in(
        cast.project, "train", 1, source=source, source_key=gone.id,
        turns=gone.dialogue.turns, situation="Another situation",
    )  # fmt: skip
    # Nothing is frozen: that would hold the number of the project's next snapshot.
    monkeypatch.delattr(replay, "freeze_turns")
    reason = "turn 4 of the dialogue" if source == "other" else "has changed since"
    with pytest.raises(Refused, match=reason) as refusal:
        start(ready)
    assert gone.id in str(refusal.value)
    assert not TrainingRun.objects.exists() and not Snapshot.objects.exists()
    assert Dialogue.objects.filter(source_key=gone.id, source=source).exists()


def test_another_wording_of_the_rubric_is_refused(ready: World, made: Recording) -> None:
    changed = replace(made, spec={**made.spec, "rubric_hash": "0" * 64})
    save(changed)
    with pytest.raises(Refused, match="another wording"):
        start(ready)
    assert KARDIA.title in str(ready.version)


def test_a_recording_that_went_away_is_told_and_nothing_offers_to_go_on(
    client: Client, ready: World, made: Recording
) -> None:
    run = start(ready)
    save(replace(made, spec={**made.spec, "seed": 99}))
    replayed(run)
    assert run.status == "failed"
    assert run.error == (
        "The studio was updated and no longer has this recording. Nothing that you made is lost."
    )
    client.force_login(ready.lead)
    address = reverse("training_run", args=[run.project_id, run.pk])
    assert "Resume" not in html_of(client.get(address))
    with pytest.raises(Refused, match="no longer has this recording"):
        runs.resume(run, actor=ready.lead)
    # An older version of the studio is back.
    save(made)
    assert "Resume shows the recording again." in html_of(client.get(address))
    runs.resume(run, actor=ready.lead)
    assert replayed(run).status == "succeeded" and Rollout.objects.filter(run=run).exists()


def test_only_the_same_small_model_is_its_base(ready: World, made: Recording) -> None:
    assert base_of(ready.project, made) == ready.base
    Checkpoint.objects.all().delete()
    assert base_of(ready.project, made) is None
    small_model(ready.project, "another-small-1234")
    with pytest.raises(Refused, match="“small-1234”, which this project does not have"):
        base_of(ready.project, made)
