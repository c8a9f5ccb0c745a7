"""Replies for SFT, as TRL reads them."""

import pytest

from annotation.corpus.set_query import SetQuery
from annotation.ratings.targets import targets_for
from annotation.sets.services import collection_create, freeze
from rubrics.judging.spans import parse_spans
from tests.conftest import Cast
from tests.support.desk import Desk
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.exports import rows_for
from webapp.errors import Refused


@pytest.mark.parametrize("spelling", ["tokens", "tags"])
def test_a_reply_is_a_prompt_and_a_completion_of_four_spans(cast: Cast, spelling: str) -> None:
    added(cast.project, parsed(1))
    rows = [row for _, row in rows_for(cast, cast.leads[0], "sft", spelling=spelling)]
    assert [row["turn"] for row in rows] == [1, 3]
    [said] = rows[1]["completion"]
    assert said["role"] == "assistant"
    assert parse_spans(said["content"]).spelling == spelling
    assert [message["role"] for message in rows[1]["prompt"]] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
    # The gold emotion is in no prompt, and an earlier reply is its response.
    assert rows[1]["prompt"][2]["content"].startswith("The kitchen")
    assert rows[1]["prompt"][-1]["content"] == "Night 1, thought 1."


def test_replies_without_spans_are_left_out_unless_the_response_is_enough(cast: Cast) -> None:
    from annotation.formats.records import plain_turn

    turns = (plain_turn("seeker", "Hello."), plain_turn("supporter", "Hi."))
    added(cast.project, parsed(1), parsed(2, turns=turns))
    assert {row["dialogue"] for _, row in rows_for(cast, cast.leads[0], "sft")} == {1}
    rows = rows_for(cast, cast.leads[0], "sft", spelling="response")
    assert {row["dialogue"]: row["completion"][0]["content"] for _, row in rows}[2] == "Hi."
    with pytest.raises(Refused, match="how replies are written"):
        rows_for(cast, cast.leads[0], "sft", spelling="morse")


def test_a_set_of_last_replies_exports_these_alone(cast: Cast) -> None:
    added(cast.project, parsed(1), parsed(2, pairs=3))
    lead = cast.leads[0]
    last = collection_create(
        project=cast.project, actor=lead, name="Last", query=SetQuery(last_only=True)
    )
    rows = [row for _, row in rows_for(cast, lead, "sft", set=str(last.pk))]
    assert sorted((row["dialogue"], row["turn"]) for row in rows) == [(1, 3), (2, 5)]
    snapshot = freeze(collection=last, actor=lead)
    assert [row for _, row in rows_for(cast, lead, "sft", snapshot=str(snapshot.pk))] == rows
    whole = freeze(collection=last, actor=lead, kind="dialogue")
    assert len(rows_for(cast, lead, "sft", snapshot=str(whole.pk))) == 5


def test_the_prompt_is_that_of_training(at_desk: Desk) -> None:
    """The same turn, as the trainer's run folder has it."""
    from annotation.generation.prompts import prompt_messages
    from annotation.ratings.targets import contexts_of

    dialogue = at_desk.dialogues[0]
    turn = supporter_turns(dialogue)[1]
    [target] = targets_for(project=at_desk.cast.project, turns=[turn.pk])
    context = contexts_of([target])[target.pk]
    asked = {"dialogue": str(dialogue.pk)}
    rows = rows_for(at_desk.cast, at_desk.cast.leads[0], "sft", **asked)
    assert rows[1][1]["prompt"] == prompt_messages(
        context["profile"], context["situation"], context["history"]
    )


# Queries
