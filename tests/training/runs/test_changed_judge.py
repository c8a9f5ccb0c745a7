"""A training run whose judge's endpoint leads elsewhere by now: no key goes to the old server, and
no scores come from another one."""

import json

import pytest

from tests.training.runs.workers import stub
from tests.training.runs.worlds import SFT, World
from training import supervisor
from training.evaluation.services import evaluation_start
from training.evaluation.work import work as evaluate
from training.folder import prepare
from training.models import TrainingRun
from training.paths import SPEC, folder_of
from training.services import training_start_next
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint, ModelCall
from webapp.llm.secrets import KeyLost
from webapp.llm.services import endpoint_change, read_key
from webapp.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = "http://127.0.0.2:9/v1"


def move(ready: World, **changes: str) -> None:
    """The lead enters another server with its key."""
    endpoint: Endpoint = ready.judge.endpoint
    endpoint_change(
        endpoint=endpoint,
        actor=ready.lead,
        name=endpoint.name,
        model=endpoint.model,
        max_concurrency=endpoint.max_concurrency,
        timeout_s=endpoint.timeout_s,
        **{"base_url": ELSEWHERE, "api_key": "sk-of-the-new-server", **changes},
    )


def worked(run: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> TrainingRun:
    monkeypatch.setattr(supervisor, "PROGRAM", stub("finish"))
    supervisor.work(str(run.pk))
    run.refresh_from_db()
    return run


def has_child_begun(run: TrainingRun) -> bool:
    return (folder_of(run) / "seen.json").exists()


@pytest.mark.parametrize("has_folder", [False, True])
def test_a_claimed_run_ends_before_its_trainer_begins(
    ready: World, monkeypatch: pytest.MonkeyPatch, has_folder: bool
) -> None:
    run = ready.start()
    if has_folder:
        prepare(run)
    move(ready)
    worked(run, monkeypatch)
    assert run.status == "failed" and "Create the next version" in run.error
    assert not has_child_begun(run)
    with pytest.raises(Refused) as refused:
        runs.resume(TrainingRun.objects.get(pk=run.pk), actor=ready.lead)
    assert refused.value.code == "judge_changed"


def test_a_folder_for_another_server_gets_no_key(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the rows say: what counts is where the trainer would send it."""
    run = ready.start()
    path = prepare(run) / SPEC
    spec = json.loads(path.read_text())
    spec["judge"]["base_url"] = ELSEWHERE
    path.write_text(json.dumps(spec))
    worked(run, monkeypatch)
    assert run.status == "failed" and f"at {ELSEWHERE}" in run.error
    assert not has_child_begun(run)
    with pytest.raises(KeyLost):
        supervisor._keys_pipe(run)
    with pytest.raises(KeyLost):
        read_key(ready.judge.endpoint, sent_to=ELSEWHERE)
    # Another path of the same origin has the same key.
    assert read_key(ready.judge.endpoint, sent_to="http://127.0.0.1:9/v2")


@pytest.mark.slow
def test_sft_asks_no_judge_but_the_run_after_it_does(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ready.start(sft=SFT)
    move(ready)
    worked(run, monkeypatch)
    assert has_child_begun(run)
    assert run.status == "failed" and "GRPO could not start. Reader v1 was made" in run.error
    assert not TrainingRun.objects.filter(follows=run).exists()


@pytest.mark.slow
def test_a_second_run_that_is_there_is_not_refused(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = worked(ready.start(sft=SFT), monkeypatch)
    following = TrainingRun.objects.get(follows=run)
    move(ready)
    assert training_start_next(TrainingRun.objects.get(pk=run.pk)) == following


def test_nothing_new_starts_with_it(ready: World) -> None:
    fields = {
        "project": ready.project,
        "actor": ready.lead,
        "collection": ready.collection,
        "prompts": 3,
        "version": ready.version,
        "judges": [ready.judge],
        "endpoints": [],
        "with_corpus": True,
    }
    run = evaluation_start(key=new_id().hex, **fields)
    move(ready)
    ready.judge.refresh_from_db()
    for start in (ready.start, lambda: evaluation_start(key=new_id().hex, **fields)):
        with pytest.raises(Refused) as refused:
            start()
        assert refused.value.code == "judge_changed"
    evaluate(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "Create the next version" in run.error
    assert not ModelCall.objects.exists()
    with pytest.raises(Refused, match="was made for the model"):
        runs.resume(run, actor=ready.lead)
