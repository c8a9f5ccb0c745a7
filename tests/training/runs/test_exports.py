"""Rollouts and preferences as exports have them."""

from typing import Any

import pytest
from django.utils import timezone

from annotation.exports import reading, registry
from annotation.exports.services import select
from annotation.generation.prompts import prompt_messages
from annotation.models import Item, Queue, QueueRater, Rater, Target
from annotation.ratings.targets import contexts_of, targets_for
from tests.conftest import Cast
from tests.support.dialogues import REPLY, added, parsed, supporter_turns
from tests.support.exports import rows_for
from tests.training.runs.worlds import World
from training.models import Rollout, TrainingRun
from webapp.errors import Refused


@pytest.fixture
def run(ready: World) -> TrainingRun:
    return ready.start()


def prompt(world: World, number: int) -> Target:
    turn = supporter_turns(added(world.project, parsed(number, own_words=True))[0])[1]
    return targets_for(project=world.project, turns=[turn.pk])[0]


def group(run: TrainingRun, prompt_id: object, *rewards: float, step: int = 1) -> None:
    Rollout.objects.bulk_create(
        Rollout(
            project=run.project,
            run=run,
            step=step,
            prompt_id=str(prompt_id),
            index=index,
            emotion="lonely",
            prompt_tail="Tail",
            raw=f"{REPLY} {index}",
            spans={"understanding": "u", "reasoning": "r", "emotion": "lonely", "response": "s"},
            format=1,
            emotion_match=1,
            rubric=0.5,
            reward=reward,
            scores={"empathy": {"status": "scored", "value": 4, "rationale": "Warm."}},
            cut=index,
        )
        for index, reward in enumerate(rewards)
    )


def rows_of(cast: Cast, run: TrainingRun, table: str, **filters: str) -> list[Any]:
    rows = rows_for(cast, cast.leads[0], table, training_run=str(run.pk), **filters)
    for split, row in rows:
        assert split == ""
        assert sorted(row) == sorted(column.name for column in registry.find(table).columns)
    return [row for _, row in rows]


def test_a_rollout_has_its_reward_spans_and_scores(
    cast: Cast, ready: World, run: TrainingRun
) -> None:
    group(run, prompt(ready, 901).pk, 0.25, 0.75)
    group(run, "p-17", 1.0, step=2)
    rows = rows_of(cast, run, "rollouts")
    assert [(row["step"], row["index"], row["reward"]) for row in rows] == [
        (1, 0, 0.25), (1, 1, 0.75), (2, 0, 1.0)
    ]  # fmt: skip
    assert [row["cut"] for row in rows] == [0, 1, 0]
    assert (rows[0]["emotion"], rows[0]["response"], rows[0]["prompt_emotion"]) == (
        "lonely", "s", "lonely"
    )  # fmt: skip
    assert rows[0]["scores"] == [
        {
            "criterion_uid": "empathy",
            "criterion": "Empathy",
            "status": "scored",
            "value": 4,
            "rationale": "Warm.",
        }
    ]
    assert rows[0]["judge"] == str(run.judge) and rows[0]["spec_hash"] == run.spec.hash
    assert [row["step"] for row in rows_of(cast, run, "rollouts", step="2")] == [2]
    with pytest.raises(Refused, match="whole number"):
        rows_of(cast, run, "rollouts", step="two")


def queue_with(cast: Cast, world: World, run: TrainingRun, target: Target) -> Queue:
    """A queue in which the first lead rates this text."""
    queue = Queue.objects.create(
        project=cast.project,
        number=1,
        name="Q",
        version=world.version,
        snapshot=run.train_snapshot,
    )
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.leads[0])
    return queue


def test_who_still_rates_a_prompts_turn_does_not_read_its_rollouts(
    cast: Cast, ready: World, run: TrainingRun
) -> None:
    target = prompt(ready, 901)
    group(run, target.pk, 0.5)
    queue = queue_with(cast, ready, run, target)
    # The reward and its other parts would tell whether the emotion matches, and the judge's
    # scores of other replies in its place how it would be judged.
    assert rows_of(cast, run, "rollouts") == []
    queue.closed_at = timezone.now()
    queue.save()
    [row] = rows_of(cast, run, "rollouts")
    assert (row["prompt_emotion"], row["reward"]) == ("lonely", 0.5)
    assert not Rater.objects.filter(user=cast.leads[0]).exists()


def test_a_pair_is_the_best_and_the_worst_reply_of_a_group(
    cast: Cast, ready: World, run: TrainingRun
) -> None:
    target = prompt(ready, 901)
    group(run, target.pk, 0.5, 0.9, 0.1, 0.9)
    group(run, target.pk, 0.3, 0.3, step=2)
    group(run, "a prompt that is not here", 0.1, 0.9, step=3)
    [row] = rows_of(cast, run, "preferences")
    context = contexts_of([target])[target.pk]
    assert row["prompt"] == prompt_messages(
        context["profile"], context["situation"], context["history"]
    )
    assert (row["chosen"][0]["content"], row["chosen_reward"]) == (f"{REPLY} 1", 0.9)
    assert (row["rejected"][0]["content"], row["rejected_reward"]) == (f"{REPLY} 2", 0.1)
    assert (row["chosen_by"], row["judge"]) == ("judge", str(run.judge))


def test_who_still_rates_a_prompts_turn_gets_no_pair_of_it(
    cast: Cast, ready: World, run: TrainingRun
) -> None:
    """The rewards of a pair would tell whether its replies name the emotion."""
    hidden, seen = prompt(ready, 901), prompt(ready, 902)
    group(run, hidden.pk, 0.1, 0.9)
    group(run, seen.pk, 0.2, 0.8)
    queue = queue_with(cast, ready, run, hidden)
    assert [row["prompt_id"] for row in rows_of(cast, run, "preferences")] == [str(seen.pk)]
    queue.closed_at = timezone.now()
    queue.save()
    assert len(rows_of(cast, run, "preferences")) == 2


@pytest.mark.parametrize(("table", "queries"), [("rollouts", 1), ("preferences", 6)])
def test_a_portion_costs_the_same_whatever_its_size(
    cast: Cast,
    ready: World,
    run: TrainingRun,
    table: str,
    queries: int,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in (901, 902, 903):
        group(run, prompt(ready, number).pk, 0.1, 0.9, step=number)
    asked = {"training_run": str(run.pk)}
    selection = select(registry.find(table), cast.member(cast.leads[0]), asked)
    for size in (1, 3):
        monkeypatch.setattr(reading, "CHUNK", size)
        monkeypatch.setattr("training.exports.STEPS_READ", size)
        with django_assert_num_queries(queries):
            assert next(selection.chunks()).rows


@pytest.mark.slow
def test_trl_knows_both_formats(cast: Cast, ready: World, run: TrainingRun) -> None:
    data_utils = pytest.importorskip("trl.data_utils")
    group(run, prompt(ready, 901).pk, 0.1, 0.9)
    replies = [row for _, row in rows_for(cast, cast.leads[0], "sft")]
    for row, names in (
        (replies[0], {"prompt", "completion"}),
        (rows_of(cast, run, "preferences")[0], {"prompt", "chosen", "rejected"}),
    ):
        example = {name: row[name] for name in names}
        assert data_utils.is_conversational(example)
