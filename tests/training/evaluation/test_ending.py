"""The evaluation that a training run ends with: who measures it, and that it starts once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from annotation.models import Snapshot
from rubrics.judges.services import judge_create_llm
from rubrics.models import Judge
from tests.support import starter
from tests.support.waiting import wait_until
from tests.support.worker import LEASE_S, TEST_TIMEOUT_S, kill_held
from tests.training.evaluation import endings
from tests.training.evaluation.endings import second_judge, train
from tests.training.runs.workers import stub
from tests.training.runs.worlds import SFT, World
from training import supervisor
from training.checkpoints.services import checkpoint_serve
from training.evaluation.ending import ending_retry, is_due, note_problem
from training.limits import EVALUATION_JUDGES
from training.models import Answer, Checkpoint, EvaluationRun, TrainingRun
from training.services import training_start
from webapp.accounts.services.projects import archive_project, reopen_project
from webapp.errors import Refused
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_archive
from webapp.runs import services as runs
from webapp.runs import work

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WORK = "tests.training.evaluation.endings:work_held_at_the_end"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "POLL_S", 0.02)


@pytest.fixture
def second(ready: World) -> Judge:
    return second_judge(ready)


def refused(ready: World, code: str, **changes) -> None:
    with pytest.raises(Refused) as refusal:
        ready.start(**changes)
    assert refusal.value.code == code
    assert not TrainingRun.objects.filter(settings__seed=changes.get("seed", 0)).exists()


def test_a_run_keeps_its_judges_once(ready: World, second: Judge) -> None:
    judges = [second, ready.judge, second]
    run = ready.start(evaluation_judges=judges, key="one")
    assert {row.judge for row in run.evaluation_judges.all()} == {second, ready.judge}
    # The same key is the same run, with the judges that it has.
    again = training_start(
        project=ready.project, actor=ready.lead, key="one", base=ready.base,
        train=run.train_snapshot, held_out=run.held_out_snapshot, version=ready.version,
        judge=ready.judge, reward=ready.asked()["reward"], grpo=ready.asked()["grpo"],
    )  # fmt: skip
    assert again == run and run.evaluation_judges.count() == 2
    other = ready.start(key="one", evaluation_judges=[second])
    assert other == run and run.evaluation_judges.count() == 2


def test_the_reward_alone_measures_nothing(ready: World, second: Judge) -> None:
    refused(ready, "only_reward", evaluation_judges=[ready.judge])
    # The same judge under another name.
    same = judge_create_llm(
        project=ready.project, actor=ready.lead, name="Again", endpoint=ready.judge.endpoint
    )
    assert same.hash == ready.judge.hash != second.hash
    refused(ready, "only_reward", evaluation_judges=[ready.judge, same])
    assert not Snapshot.objects.exists()
    # SFT has no reward.
    assert ready.start(sft=SFT, grpo=None, evaluation_judges=[ready.judge], seed=9)
    refused(ready, "only_reward", sft=SFT, evaluation_judges=[ready.judge])


def test_a_base_that_a_judge_rewarded_is_not_measured_by_it_alone(
    ready: World, second: Judge
) -> None:
    run = ready.start(seed=5)
    trained = Checkpoint.objects.create(
        project=ready.project, number=50, name="trained", origin="run", run=run, step=4,
        path=str(starter.FOLDER), sha256="0" * 64,
    )  # fmt: skip
    changes = {"base": trained, "evaluation_judges": [ready.judge]}
    refused(ready, "only_reward", sft=SFT, grpo=None, **changes)
    refused(ready, "only_reward", judge=second, evaluation_judges=[second])
    assert ready.start(**changes | {"evaluation_judges": [ready.judge, second], "seed": 6})


def test_what_could_not_start_at_the_end_is_refused_at_the_start(
    ready: World, second: Judge, settings
) -> None:
    refused(ready, "evaluation_judges", evaluation_judges=[second] + _copies(ready, second))
    endpoint_archive(endpoint=second.endpoint, actor=ready.lead)
    second.refresh_from_db()
    refused(ready, "no_endpoint", evaluation_judges=[second])
    settings.LLM_ALLOW_LOOPBACK = False
    refused(ready, "no_local_server", evaluation_judges=_copies(ready, second)[:1])


def _copies(ready: World, judge: Judge) -> list[Judge]:
    """As many judges as there may be, each another one."""
    known = list(Judge.objects.filter(name="Copy"))
    return known or [
        Judge.objects.create(
            project=ready.project, name="Copy", version=number, kind=judge.kind,
            endpoint=ready.judge.endpoint, parameters={}, hash=f"{number}" * 64,
            provenance=ready.judge.provenance,
        )
        for number in range(1, EVALUATION_JUDGES.most + 1)
    ]  # fmt: skip


def test_a_run_ends_with_an_evaluation_of_its_base_and_its_last_checkpoint(
    ready: World, second: Judge, settings, monkeypatch
) -> None:
    # The evaluation takes the place of the run.
    settings.RUNS_PER_PROJECT = 1
    run = ready.start(evaluation_judges=[second, ready.judge], seed=3)
    frozen = Snapshot.objects.count()
    train(run, monkeypatch)
    assert (run.status, run.error, run.evaluation_problem) == ("succeeded", "", "")
    ending = EvaluationRun.objects.get()
    assert (ending.training, ending.snapshot) == (run, run.held_out_snapshot)
    assert Snapshot.objects.count() == frozen
    systems = list(ending.systems.all())
    assert [str(system) for system in systems] == ["starter", "GRPO run 1, step 4"]
    last = run.checkpoints.get(step=4)
    assert [system.endpoint.checkpoint for system in systems] == [ready.base, last]
    flags = {row.judge: row.is_reward for row in ending.judges.all()}
    assert flags == {second: False, ready.judge: True}
    assert Answer.objects.filter(system__run=ending).count() == 2 * 3
    numbers = (ending.max_tokens, ending.temperature, ending.seed, ending.version)
    assert numbers == (run.settings["grpo"]["max_completion_tokens"], 0.0, 3, ready.version)


def test_only_the_second_run_of_a_plan_ends_with_one(
    ready: World, second: Judge, monkeypatch
) -> None:
    run = ready.start(sft=SFT, evaluation_judges=[second])
    assert not is_due(run)
    train(run, monkeypatch)
    assert run.status == "succeeded" and not EvaluationRun.objects.exists()
    following = TrainingRun.objects.get(follows=run)
    assert [row.judge for row in following.evaluation_judges.all()] == [second]
    train(following, monkeypatch)
    assert following.status == "succeeded", following.error
    ending = EvaluationRun.objects.get()
    assert ending.training == following
    names = [str(system) for system in ending.systems.all()]
    assert names == ["starter", "SFT run 1, step 4", "GRPO run 2, step 4"]


def test_a_base_that_is_served_is_used_as_it_is(ready: World, second: Judge, monkeypatch) -> None:
    served = checkpoint_serve(checkpoint=ready.base, actor=ready.lead)
    run = ready.start(evaluation_judges=[second])
    train(run, monkeypatch)
    assert run.evaluation.systems.first().endpoint == served
    # One that was removed meanwhile is served anew.
    endpoint_archive(endpoint=served, actor=ready.lead)
    again = ready.start(evaluation_judges=[second])
    train(again, monkeypatch)
    ready.base.refresh_from_db()
    assert again.evaluation.systems.first().endpoint == ready.base.endpoint != served


def test_without_judges_a_run_ends_without_an_evaluation(ready: World, monkeypatch) -> None:
    run = ready.start()
    train(run, monkeypatch)
    assert run.status == "succeeded" and not Endpoint.objects.filter(checkpoint__run=run).exists()
    with pytest.raises(Refused) as refusal:
        ending_retry(run=run, actor=ready.lead)
    assert refusal.value.code == "no_judges" and not EvaluationRun.objects.exists()


def test_an_evaluation_that_can_not_start_is_told_and_started_later(
    ready: World, second: Judge, settings, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second])
    with pytest.raises(Refused) as refusal:
        ending_retry(run=run, actor=ready.lead)
    assert refusal.value.code == "open"
    settings.RUNS_PER_PROJECT = 0
    train(run, monkeypatch)
    assert (run.status, run.error) == ("succeeded", "")
    assert "already has 0 open runs" in run.evaluation_problem
    # What was served for it is not left behind.
    assert not Endpoint.objects.filter(checkpoint__isnull=False).exists()
    settings.LLM_ALLOW_LOOPBACK = False
    with pytest.raises(Refused):
        ending_retry(run=run, actor=ready.lead)
    run.refresh_from_db()
    assert "does not use the local model server" in run.evaluation_problem
    settings.RUNS_PER_PROJECT, settings.LLM_ALLOW_LOOPBACK = 10, True
    started = [ending_retry(run=run, actor=ready.lead) for _ in range(2)]
    run.refresh_from_db()
    assert started == [EvaluationRun.objects.get()] * 2 and run.evaluation_problem == ""


def test_a_judge_without_a_server_and_a_deleted_checkpoint_are_told(
    ready: World, second: Judge, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second])
    endpoint_archive(endpoint=second.endpoint, actor=ready.lead)
    train(run, monkeypatch)
    assert run.status == "succeeded"
    assert run.evaluation_problem == f"The endpoint of {second} has been removed."
    run.checkpoints.all().delete()
    with pytest.raises(Refused, match="has been deleted"):
        ending_retry(run=run, actor=ready.lead)


def test_who_stops_the_run_in_its_last_second_gets_no_evaluation(
    ready: World, second: Judge, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second])
    finish = supervisor.supervise

    def stop_at_the_end(claim) -> None:
        finish(claim)
        runs.cancel(TrainingRun.objects.get(pk=run.pk), actor=ready.lead)

    with monkeypatch.context() as patch:
        patch.setattr(supervisor, "supervise", stop_at_the_end)
        train(run, monkeypatch)
    assert not EvaluationRun.objects.exists()
    # Resumed, it has nothing left to train and ends with its evaluation.
    TrainingRun.objects.filter(pk=run.pk).update(status="cancelled", claim=None)
    runs.resume(run, actor=ready.lead)
    train(run, monkeypatch)
    assert run.status == "succeeded" and EvaluationRun.objects.get().training == run


def test_a_project_archived_at_that_moment_gets_its_evaluation_when_it_is_open_again(
    ready: World, second: Judge, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second])
    weigh = endings.weigh

    def archive_first(trained: TrainingRun) -> None:
        """By somebody else, after the worker looked whether the project is open."""
        if TrainingRun.objects.get(pk=trained.pk).status == "running":
            with ThreadPoolExecutor(1) as pool:
                pool.submit(_archive, ready).result()
        weigh(trained)

    with monkeypatch.context() as patch:
        patch.setattr(endings, "weigh", archive_first)
        train(run, monkeypatch)
    assert (run.status, run.error, run.evaluation_problem) == ("pending", "", "")
    assert not EvaluationRun.objects.exists()
    reopen_project(actor=ready.lead, project=ready.project)
    train(run, monkeypatch)
    assert run.status == "succeeded" and EvaluationRun.objects.get().training == run


def _archive(ready: World) -> None:
    try:
        archive_project(actor=ready.lead, project=ready.project)
    finally:
        connection.close()


def test_a_worker_that_comes_again_looks_at_nothing_else(
    ready: World, second: Judge, monkeypatch
) -> None:
    """It was killed after it had started the evaluation. What was removed since matters no more."""
    run = ready.start(evaluation_judges=[second])
    with monkeypatch.context() as patch:
        # As if it was killed: the run stays claimed.
        patch.setattr(work.services, "end", lambda *_, **__: None)
        train(run, monkeypatch)
    ending = EvaluationRun.objects.get()
    TrainingRun.objects.filter(pk=run.pk).update(status="pending", claim=None)
    for endpoint in (second.endpoint, *(row.endpoint for row in ending.systems.all())):
        endpoint_archive(endpoint=endpoint, actor=ready.lead)
    monkeypatch.setattr(supervisor, "PROGRAM", stub("crash"))
    supervisor.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.evaluation_problem) == ("succeeded", "")
    assert EvaluationRun.objects.get() == ending
    assert not Endpoint.objects.filter(checkpoint__isnull=False, archived_at=None).exists()


def test_who_was_refused_late_takes_no_started_evaluation_for_a_missing_one(
    ready: World, second: Judge, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second])
    train(run, monkeypatch)
    note_problem(run, Refused("Too many runs.", code="too_many_runs"))
    run.refresh_from_db()
    assert run.evaluation_problem == ""


@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.parametrize(("place", "committed"), [("inside", 0), ("after", 1)])
def test_a_worker_killed_at_the_end_starts_it_once(
    ready: World, second: Judge, settings, monkeypatch, place: str, committed: int
) -> None:
    settings.RUN_LEASE_S = LEASE_S
    run = ready.start(evaluation_judges=[second])
    kill_held(WORK, run.pk, PLACE=place, RUNS_IN=str(settings.VAR_DIR))
    assert EvaluationRun.objects.count() == committed
    wait_until(lambda: runs.reap() == 1, "the lease to run out")
    if committed:
        # Nothing is trained again: this trainer would fail.
        monkeypatch.setattr(supervisor, "PROGRAM", stub("crash"))
        supervisor.work(str(run.pk))
        run.refresh_from_db()
    else:
        train(run, monkeypatch)
    assert (run.status, run.attempt) == ("succeeded", 2)
    ending = EvaluationRun.objects.get()
    assert ending.training == run and ending.judges.count() == 1
    assert Answer.objects.filter(system__run=ending).count() == 2 * 3
    assert Endpoint.objects.filter(checkpoint__isnull=False).count() == 2
