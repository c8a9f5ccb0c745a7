"""The rows of a run's folder: what a judge reads of a long dialogue is cut, and says so."""

import json

import pytest

from annotation.formats.records import plain_turn, supporter_turn
from annotation.models import Target
from annotation.ratings.targets import contexts_of
from rubrics.core.spec import from_json
from rubrics.judging.prompts import material_text
from tests.support.dialogues import REPLY
from tests.training.runs.worlds import SFT, World, dialogues_in
from training.folder import prepare
from training.trainer.config import read_spec
from training.trainer.data import read_conversations, read_rows

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_a_cut_history_is_the_judges_too_and_is_recorded(ready: World) -> None:
    """Three exchanges of 5,000 characters each: the first one does not fit into the budget."""
    long = [turn for at in range(3) for turn in (
        plain_turn("seeker", f"Night {at}. " + "It was long. " * 400), supporter_turn(REPLY)[0]
    )]  # fmt: skip
    dialogues_in(ready.project, "train", 4, source="long", turns=tuple(long))
    folder = prepare(ready.start(prompts=30))
    rows = read_rows(folder / "data/train.jsonl", "train")
    cut = [row for row in rows if row.context["cut"]]
    assert len(cut) == 4 and {row.context["cut"] for row in cut} == {1}
    spec = from_json(json.loads((folder / "spec.json").read_text())["rubric"])
    for row in cut:
        # The same that a judge run reads of the turn, and the policy is prompted with.
        target = Target.objects.select_related("turn__dialogue").get(pk=row.id)
        turn, judged = target.turn, contexts_of([target])[target.pk]
        assert turn is not None
        assert row.name == f"{turn.dialogue}, turn {turn.position + 1}" and row.name.endswith(" 6")
        assert row.context == {name: judged[name] for name in row.context}
        asked = row.judge_input("0", REPLY).context
        assert "(1 earlier exchanges are left out for length.)" in material_text(
            spec, spec.judge_criteria, asked
        )
        assert [m["content"] for m in row.messages[1:]] == [t["text"] for t in judged["history"]]


def test_both_roles_bring_each_dialogue_once_as_the_seeker_speaks(ready: World) -> None:
    folder = prepare(ready.start(sft={**SFT, "both_roles": True}, prompts=30))
    rows = read_rows(folder / "data/train.jsonl", "train")
    spec = read_spec(folder)
    assert spec.seeker is not None and spec.sft.both_roles
    found = read_conversations(spec.seeker)
    longest: dict[str, list] = {}
    for row in rows:
        turns = Target.objects.get(pk=row.id).turn
        assert turns is not None
        history = row.context["history"]
        longest[str(turns.dialogue_id)] = max(
            longest.get(str(turns.dialogue_id), []), history, key=len
        )
    assert {each.id for each in found} == set(longest)
    for each in found:
        told, history = each.messages[2:], longest[each.id]
        assert [one["content"] for one in told] == [turn["text"] for turn in history]
        spoken = [turn["role"] == "seeker" for turn in history]
        assert [one["role"] == "assistant" for one in told] == spoken and spoken[-1]
        assert "Emotion: " in each.messages[0]["content"], "the seeker knows what they feel"


def test_without_both_roles_there_is_no_such_file(ready: World) -> None:
    folder = prepare(ready.start(sft=SFT, prompts=30))
    assert read_spec(folder).seeker is None and not (folder / "data/seeker.jsonl").exists()


def test_turns_of_the_seeker_in_a_row_are_one_for_the_seeker(ready: World) -> None:
    twice = (plain_turn("seeker", "One."), plain_turn("seeker", "Two."), supporter_turn(REPLY)[0])
    dialogues_in(ready.project, "train", 1, source="twice", turns=twice)
    folder = prepare(ready.start(sft={**SFT, "both_roles": True}, prompts=50))
    said = [
        each.messages[-1]["content"] for each in read_conversations(folder / "data/seeker.jsonl")
    ]
    assert "One.\nTwo." in said
