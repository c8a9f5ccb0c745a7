"""The supervisor with a stub for the trainer: what the child gets, and when it ends."""

import hashlib
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from rubrics.judging.spans import parse_spans
from tests.support.waiting import SHORT_S, wait_until
from tests.support.worker import LEASE_S, kill_when, start_worker
from tests.training.runs import told
from tests.training.runs.test_events import reward_by_step
from tests.training.runs.workers import stub
from tests.training.runs.worlds import GRPO, KEY, SFT, World, dialogues_in
from training import supervisor
from training.folder import prepare
from training.models import TrainingRun
from training.paths import EVENTS, LOG, SPEC, folder_of
from training.services import training_start_next
from webapp.ids import new_id
from webapp.runs import services as runs

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quick(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUN_LEASE_S = LEASE_S
    monkeypatch.setattr(supervisor, "POLL_S", 0.02)


@pytest.fixture
def run(ready: World) -> TrainingRun:
    return ready.start()


def work(run: TrainingRun, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PROGRAM", stub(mode))
    supervisor.work(str(run.pk))
    run.refresh_from_db()


@contextmanager
def meanwhile(run: TrainingRun, do: Callable[[], object]) -> Iterator[None]:
    """Call `do` in a thread as soon as the first step of the run is there."""

    def watch() -> None:
        try:
            wait_until(lambda: reward_by_step(run), "the first step")
            do()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        yield
        watching.result(SHORT_S)


def pid_of(run: TrainingRun) -> int:
    return int((folder_of(run) / "pid").read_text())


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_run_ends_with_all_its_rows(run: TrainingRun, monkeypatch) -> None:
    work(run, "finish", monkeypatch)
    assert (run.status, run.error) == ("succeeded", "")
    assert list(reward_by_step(run)) == [1, 2, 3, 4]
    assert run.checkpoints.get().step == 4
    assert run.event_offset == (folder_of(run) / EVENTS).stat().st_size


def test_a_plan_goes_on_with_grpo_once(ready: World, monkeypatch) -> None:
    run = ready.start(sft=SFT, lora={"rank": 4, "alpha": 8}, seed=3)
    work(run, "finish", monkeypatch)
    assert run.status == "succeeded"
    following = TrainingRun.objects.get(follows=run)
    assert (following.method, following.status) == ("grpo", "pending")
    assert following.base == run.checkpoints.get(step=4)
    assert following.train_snapshot == run.then_snapshot
    assert following.held_out_snapshot == run.held_out_snapshot
    assert following.settings == {
        "grpo": GRPO,
        "reward": run.settings["reward"],
        "lora": {"rank": 4, "alpha": 8},
        "seed": 3,
    }
    # A worker that died between the start of the second run and the end of the first.
    assert training_start_next(run) == following


def test_the_second_run_takes_the_place_of_the_first(ready: World, settings, monkeypatch) -> None:
    run = ready.start(sft=SFT)
    settings.RUNS_PER_PROJECT = 1
    work(run, "finish", monkeypatch)
    assert run.status == "succeeded" and TrainingRun.objects.get(follows=run)


def test_who_stops_the_first_run_in_its_last_second_gets_no_second(
    ready: World, monkeypatch
) -> None:
    run = ready.start(sft=SFT)
    finish = supervisor.supervise

    def stop_at_the_end(claim) -> None:
        finish(claim)
        runs.cancel(TrainingRun.objects.get(pk=run.pk), actor=ready.lead)

    monkeypatch.setattr(supervisor, "supervise", stop_at_the_end)
    work(run, "finish", monkeypatch)
    assert not TrainingRun.objects.filter(follows=run).exists()


def test_a_first_run_whose_second_has_begun_is_not_trained_again(ready: World, monkeypatch) -> None:
    run = ready.start(sft=SFT)
    work(run, "finish", monkeypatch)
    # As after a worker that died between the start of the second run and the end of the first.
    TrainingRun.objects.filter(pk=run.pk).update(status="failed")
    runs.resume(run, actor=ready.lead)
    work(run, "crash", monkeypatch)
    assert run.status == "succeeded"


def test_a_second_run_that_can_not_start_is_told_and_tried_again(
    ready: World, settings, monkeypatch
) -> None:
    run = ready.start(sft=SFT)
    settings.RUNS_PER_PROJECT = 0
    work(run, "finish", monkeypatch)
    assert run.status == "failed" and "GRPO could not start" in run.error
    settings.RUNS_PER_PROJECT = 10
    runs.resume(run, actor=ready.lead)
    work(run, "finish", monkeypatch)
    assert run.status == "succeeded" and TrainingRun.objects.get(follows=run)


def test_sft_gets_replies_to_imitate(ready: World) -> None:
    dialogues_in(ready.project, "validation", 2)
    run = ready.start(sft=SFT, grpo=None)
    folder = prepare(run)
    spec = json.loads((folder / SPEC).read_text())
    assert (spec["method"], spec["sft"]) == ("sft", SFT)
    for name in ("train", "validation"):
        content = (folder / spec["data"][name]).read_bytes()
        assert spec["data"]["hash"][name] == hashlib.sha256(content).hexdigest()
        rows = [json.loads(line) for line in content.decode().splitlines()]
        assert {row["split"] for row in rows} == {name}
        assert all(parse_spans(row["completion"]).spans for row in rows)
    held_out = (folder / "data/held_out.jsonl").read_text()
    assert "completion" not in held_out


def test_the_key_goes_through_the_pipe_and_nowhere_else(run: TrainingRun, monkeypatch) -> None:
    monkeypatch.setenv("KARDIA_PASSWORD", "of-ours")
    work(run, "finish", monkeypatch)
    folder = folder_of(run)
    seen = json.loads((folder / "seen.json").read_text())
    assert seen["key_sha256"] == hashlib.sha256(KEY.encode()).hexdigest()
    assert set(seen["environment"]) <= {*supervisor.PASSED_ON, *supervisor.SETTINGS, "LC_CTYPE"}
    assert "of-ours" not in str(seen)
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        assert name not in seen["environment"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {SPEC, LOG, EVENTS} <= {path.name for path in files}
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in str(seen["argv"])


def test_the_folder_is_whole_and_made_once(run: TrainingRun) -> None:
    folder = prepare(run)
    spec = json.loads((folder / SPEC).read_text())
    assert spec["rubric_hash"] == run.spec.hash
    assert spec["grpo"] == run.settings["grpo"]
    assert Path(spec["model"]["path"]).is_absolute()
    rows = [json.loads(line) for line in (folder / "data/train.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    assert {row["split"] for row in rows} == {"train"}
    assert all(row["messages"][-1]["role"] == "user" for row in rows)
    data = (folder / "data/train.jsonl").read_bytes()
    assert spec["data"]["hash"]["train"] == hashlib.sha256(data).hexdigest()
    before = (folder / SPEC).stat().st_mtime_ns
    assert prepare(run) == folder
    assert (folder / SPEC).stat().st_mtime_ns == before


def test_the_trainers_own_reason_is_the_runs_error(run: TrainingRun, monkeypatch) -> None:
    work(run, "fail", monkeypatch)
    assert (run.status, run.error) == ("failed", "The loss is not a number at step 2.")


def test_a_crash_shows_the_end_of_the_log(run: TrainingRun, monkeypatch) -> None:
    work(run, "crash", monkeypatch)
    assert run.status == "failed"
    assert "code 3" in run.error and "Segmentation fault of the stub" in run.error


def test_a_trainer_that_somebody_stopped_did_not_finish(run: TrainingRun, monkeypatch) -> None:
    work(run, "stop", monkeypatch)
    assert run.status == "failed" and "training program was stopped" in run.error


def test_an_earlier_failure_is_not_this_attempts(run: TrainingRun, ready, monkeypatch) -> None:
    work(run, "fail", monkeypatch)
    runs.resume(run, actor=ready.lead)
    work(run, "crash", monkeypatch)
    assert "code 3" in run.error
    runs.resume(run, actor=ready.lead)
    work(run, "finish", monkeypatch)
    assert (run.status, run.attempt) == ("succeeded", 3)


def test_a_line_that_is_still_written_is_left_for_later(run: TrainingRun) -> None:
    folder = folder_of(run)
    told.append(folder, told.started(), told.metrics(1))
    whole = (folder / EVENTS).stat().st_size
    with (folder / EVENTS).open("a") as file:
        file.write('{"seq": 3, "type": "metr')
    first, second = next(supervisor.new_events(run, folder))
    assert (first[1]["type"], second[1]["type"], second[0]) == ("started", "metrics", whole)
    run.event_offset = whole
    assert list(supervisor.new_events(run, folder)) == []


def test_events_longer_than_a_block_are_read_whole(run: TrainingRun, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "READ_BYTES", 64)
    folder = folder_of(run)
    told.append(folder, told.rollouts(1), told.metrics(1))
    kinds = []
    for batch in supervisor.new_events(run, folder):
        kinds += [event["type"] for _, event in batch]
        run.event_offset = batch[-1][0]
    assert kinds == ["rollouts", "metrics"]


def test_a_crash_after_a_long_event_is_told_and_not_tripped_over(
    run: TrainingRun, monkeypatch
) -> None:
    monkeypatch.setattr(supervisor, "READ_BYTES", 64)
    folder = prepare(run)
    told.append(folder, told.started(), told.rollouts(1))
    with (folder / EVENTS).open("a") as file:
        file.write('{"seq": 3, "type": "metr')
    assert supervisor._last_event(folder)["type"] == "rollouts"


def test_a_nul_that_the_model_wrote_is_replaced(run: TrainingRun, monkeypatch) -> None:
    folder = prepare(run)
    event = told.rollouts(0, prompts=1, replies=1)
    reply = event["groups"][0]["rollouts"][0]
    reply["raw"], reply["spans"] = "a\x00b", {**told.SPANS, "response": "c\x00d"}
    told.append(folder, event)
    work(run, "finish", monkeypatch)
    row = run.rollouts.get(step=0)
    assert (row.raw, row.spans["response"]) == ("a\ufffdb", "c\ufffdd")


def test_a_file_that_lost_its_end_is_read_again(run: TrainingRun, monkeypatch) -> None:
    prepare(run)
    TrainingRun.objects.filter(pk=run.pk).update(event_offset=10**9)
    work(run, "finish", monkeypatch)
    assert run.status == "succeeded"
    assert list(reward_by_step(run)) == [1, 2, 3, 4]


def test_cancel_lets_the_trainer_save_and_ends_it(run: TrainingRun, ready, monkeypatch) -> None:
    with meanwhile(run, lambda: runs.cancel(run, actor=ready.lead)):
        work(run, "hang", monkeypatch)
    assert run.status == "cancelled"
    assert run.checkpoints.get().step == 1
    assert not is_alive(pid_of(run))


def test_cancel_kills_a_trainer_that_does_not_listen(run: TrainingRun, ready, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_WITHIN_S", 0.5)
    with meanwhile(run, lambda: runs.cancel(run, actor=ready.lead)):
        work(run, "deaf", monkeypatch)
    assert run.status == "cancelled"
    assert not is_alive(pid_of(run))


def test_a_supervisor_that_lost_its_claim_stops_its_child(run: TrainingRun, monkeypatch) -> None:
    other = new_id()

    def take_over() -> None:
        TrainingRun.objects.filter(pk=run.pk).update(claim=other)

    with meanwhile(run, take_over):
        work(run, "deaf", monkeypatch)
    assert (run.status, run.claim) == ("running", other)
    assert not is_alive(pid_of(run))


@pytest.mark.skipif(not Path("/proc").exists(), reason="Linux tells a child of its parent's death")
def test_the_child_dies_with_a_killed_supervisor_and_another_goes_on(
    run: TrainingRun, monkeypatch, settings
) -> None:
    worker = start_worker(
        "tests.training.runs.workers:work_with_stub",
        run.pk,
        STUB="deaf",
        RUNS_IN=str(settings.VAR_DIR),
    )
    kill_when(worker, lambda: reward_by_step(run))
    child = pid_of(run)
    wait_until(lambda: not is_alive(child), "the end of the trainer")
    run.refresh_from_db()
    assert run.status == "running"
    wait_until(lambda: runs.reap() == 1, "the lease to run out")
    work(run, "finish", monkeypatch)
    assert (run.status, run.attempt) == ("succeeded", 2)
    assert list(reward_by_step(run)) == [1, 2, 3, 4]


def test_two_trainers_never_work_in_one_folder(run: TrainingRun, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_WITHIN_S", 0.3)
    folder = prepare(run)
    monkeypatch.setattr(supervisor, "PROGRAM", stub("deaf"))
    with supervisor.trainer(run, folder) as child:
        told_pid = folder / "pid"
        wait_until(lambda: told_pid.exists() and told_pid.read_text(), "the first trainer")
        with (
            pytest.raises(Exception, match="Another training program"),
            supervisor.trainer(run, folder),
        ):
            pass
        assert child.poll() is None
    assert child.returncode == -signal.SIGKILL
    assert not is_alive(int((folder / "pid").read_text()))
