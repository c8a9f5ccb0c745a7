"""Rollouts of a run as texts of an impact preview."""

import pytest

from annotation.impact import sampling
from annotation.models import Target
from annotation.ratings.targets import contexts_of, targets_for
from tests.conftest import Cast
from tests.support.dialogues import REPLY, added, parsed, supporter_turns
from tests.training.runs.worlds import World
from training.models import Rollout, TrainingRun


@pytest.fixture
def run(ready: World) -> TrainingRun:
    return ready.start()


def prompt(world: World, number: int) -> Target:
    """The second turn of a new dialogue, as a target that a run takes its prompt from."""
    turn = supporter_turns(added(world.project, parsed(number))[0])[1]
    return targets_for(project=world.project, turns=[turn.pk])[0]


def group(run: TrainingRun, prompt_id: str, *said: str, step: int = 1) -> None:
    for index, text in enumerate(said):
        Rollout.objects.create(
            project=run.project, run=run, step=step, prompt_id=prompt_id, index=index,
            emotion="lonely", prompt_tail="…", raw=REPLY.replace("Whom do you miss?", text),
            format=1, emotion_match=1, reward=1,
        )  # fmt: skip


def drawn(ready: World, run: TrainingRun, *, limit: int = 100, seed: int = 0) -> list[str]:
    """What the drawn texts say at their end."""
    rows = sampling.draw(ready.project, ready.version, f"rollouts:{run.pk}", limit=limit, seed=seed)
    contexts = contexts_of(rows)
    return [contexts[row.pk]["candidate"]["response"].split("quiet. ")[1] for row in rows]


def test_a_rollout_stands_in_the_place_of_the_turn_that_its_prompt_came_from(
    ready: World, run: TrainingRun
) -> None:
    place = prompt(ready, 901)
    group(run, str(place.pk), "One.", "Two.")
    rows = sampling.draw(ready.project, ready.version, f"rollouts:{run.pk}", limit=9, seed=0)
    assert [row.kind for row in rows] == ["text", "text"]
    before, *after = contexts_of([place, *rows]).values()
    for context in after:
        assert {**context, "candidate": None} == {**before, "candidate": None}
    assert len(set(sampling.group_keys(rows).values())) == 1


def test_groups_are_drawn_whole_and_the_same_ones_for_a_seed(
    ready: World, run: TrainingRun
) -> None:
    one, other = str(prompt(ready, 901).pk), str(prompt(ready, 902).pk)
    group(run, one, "A0", "A1", "A2")
    group(run, other, "B0", "B1", "B2")
    group(run, one, "C0", "C1", "C2", step=2)
    seen = set()
    for seed in range(8):
        texts = drawn(ready, run, limit=7, seed=seed)
        assert texts == drawn(ready, run, limit=7, seed=seed)
        names = [text[0] for text in texts]
        assert sorted(texts) == sorted(f"{name}{index}" for name in set(names) for index in "012")
        assert len(texts) == 6
        seen.add(tuple(names))
    assert len(seen) > 1
    assert drawn(ready, run, limit=2) == []


def test_equal_replies_are_one_text_and_unknown_prompts_none(
    ready: World, run: TrainingRun
) -> None:
    group(run, str(prompt(ready, 901).pk), "Same.", "Same.", "Other.")
    group(run, "p-17", "Of a file that is not here.")
    assert sorted(drawn(ready, run)) == ["Other.", "Same."]


def test_runs_with_rollouts_are_offered_to_their_own_project(
    cast: Cast, ready: World, run: TrainingRun
) -> None:
    offered = f"rollouts:{run.pk}"

    def keys() -> list[str]:
        return [choice.key for choice in sampling.choices_for(ready.project, ready.version)]

    assert offered not in keys()
    group(run, str(prompt(ready, 901).pk), "One.")
    assert offered in keys()
    assert offered not in [
        choice.key for choice in sampling.choices_for(cast.other_project, ready.version)
    ]
    assert sampling.draw(cast.other_project, ready.version, offered, limit=9, seed=0) == []
