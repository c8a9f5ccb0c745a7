"""Events become rows once, however often they are read."""

import pytest
from django.db import transaction

from tests.training.runs import told
from tests.training.runs.worlds import World
from training import events
from training.models import Checkpoint, Metric, Rollout, TrainingRun
from training.paths import folder_of
from webapp.llm.models import ModelCall

pytestmark = pytest.mark.django_db
ROWS = (Metric, Rollout, Checkpoint, ModelCall)


@pytest.fixture
def run(ready: World) -> TrainingRun:
    return ready.start()


def insert(run: TrainingRun, *happened: dict) -> None:
    numbered = [{"seq": seq, **event} for seq, event in enumerate(happened, start=1)]
    with transaction.atomic():
        events.insert(run, numbered, folder_of(run))


def counted(run: TrainingRun) -> dict[str, int]:
    of_run = {
        Metric: Metric.objects.filter(run=run),
        Rollout: run.rollouts.all(),
        Checkpoint: run.checkpoints.all(),
        ModelCall: ModelCall.objects.filter(run_id=run.pk),
    }
    return {model.__name__: rows.count() for model, rows in of_run.items()}


def reward_by_step(run: TrainingRun) -> dict[int, float]:
    rows = Metric.objects.filter(run=run, name="reward").order_by("step")
    return dict(rows.values_list("step", "value"))


def test_reading_twice_adds_nothing(run: TrainingRun) -> None:
    happened = [*told.whole_run(), told.judge_calls(1)]
    insert(run, *happened)
    once = counted(run)
    assert once == {"Metric": 40, "Rollout": 32, "Checkpoint": 1, "ModelCall": 2}
    insert(run, *happened)
    assert counted(run) == once


def test_a_resumed_attempt_repeats_the_steps_after_its_checkpoint(run: TrainingRun) -> None:
    insert(
        run,
        told.started(),
        *(event for step in (1, 2, 3) for event in (told.rollouts(step), told.metrics(step, 0.1))),
    )
    insert(run, told.started(1, attempt=2))
    assert reward_by_step(run) == {1: 0.1}
    assert set(run.rollouts.values_list("step", flat=True)) == {1}
    insert(run, told.metrics(2, 0.2), told.metrics(3, 0.3))
    assert reward_by_step(run) == {1: 0.1, 2: 0.2, 3: 0.3}


def test_a_rollout_keeps_its_parts_and_a_failed_score_stays_without_a_value(
    run: TrainingRun,
) -> None:
    insert(run, told.rollouts(1, prompts=1, replies=1))
    row = run.rollouts.get()
    assert (row.format, row.emotion_match, row.rubric, row.reward) == (1.0, 1.0, 0.7, 0.9)
    assert row.spans == told.SPANS
    assert row.scores["plan"] == {
        "status": "failed", "value": None, "rationale": "No number was given."
    }  # fmt: skip


def test_a_rollout_says_how_much_its_judge_did_not_read(run: TrainingRun) -> None:
    event = told.rollouts(1, prompts=1, replies=2)
    read, earlier = event["groups"][0]["rollouts"]
    read["cut"] = 3
    # A trainer of an earlier release did not say it.
    del earlier["cut"]
    insert(run, event)
    assert list(run.rollouts.order_by("index").values_list("cut", flat=True)) == [3, 0]


def test_what_is_no_number_is_no_metric(run: TrainingRun) -> None:
    insert(run, told.metrics(1, entropy=None, grad_norm=float("inf")))
    names = set(Metric.objects.filter(run=run).values_list("name", flat=True))
    assert "reward" in names and not names & {"entropy", "grad_norm"}


def test_a_checkpoint_that_is_written_again_gets_its_new_hash(run: TrainingRun) -> None:
    insert(run, told.checkpoint(2, "aa" * 32), told.checkpoint(2, "bb" * 32))
    row = run.checkpoints.get()
    assert row.sha256 == "bb" * 32
    assert row.path == f"runs/{run.pk.hex}/checkpoints/step-2"


def test_unknown_events_are_passed_over(run: TrainingRun) -> None:
    insert(run, {"type": "log", "text": "Hello"}, {"type": "something new"}, {})
    assert not any(counted(run).values())
