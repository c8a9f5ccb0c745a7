"""Prompts put what is shared first, so that a server's prefix cache helps."""

import json
import os.path
from collections.abc import Mapping, Sequence

from annotation.generation.prompts import prompt_messages, seeker_messages
from rubrics.demo.kardia import KARDIA
from rubrics.judging.prompts import build_messages, rubric_text
from rubrics.judging.schema import reply_schema
from tests.support.rubrics import context, reply
from webapp.llm.client import choice_forms, schema_forms


def shared(one: Sequence[Mapping[str, str]], two: Sequence[Mapping[str, str]]) -> str:
    """The common beginning of two prompts, as chat templates put them together."""
    texts = ["\n".join(f"{m['role']}: {m['content']}" for m in messages) for messages in (one, two)]
    return os.path.commonprefix(texts)


def test_two_dialogues_share_the_whole_rubric() -> None:
    criteria = KARDIA.judge_criteria
    one = build_messages(KARDIA, criteria, context(reply("That sounds heavy."), profile="INFP."))
    two = build_messages(KARDIA, criteria, context(reply("Go for a run."), profile="ESTJ."))
    assert rubric_text(KARDIA, criteria) in shared(one, two)


def test_words_for_a_server_without_schemas_stay_in_the_shared_part() -> None:
    criteria = KARDIA.judge_criteria
    schema = reply_schema(criteria)
    messages = [build_messages(KARDIA, criteria, context(reply(text))) for text in ("One.", "Two.")]
    one, two = (schema_forms({"messages": m}, schema)[1].body["messages"] for m in messages)
    assert json.dumps(schema) in shared(one, two)
    one, two = (choice_forms({"messages": m}, ["0", "1"])[1].body["messages"] for m in messages)
    assert "0, 1" in shared(one, two)


def test_two_seekers_share_the_task_of_the_supporter_and_of_the_seeker() -> None:
    said = [{"role": "seeker", "text": "Nobody called."}]
    one = prompt_messages("INFP.", "She moved.", said)  # type: ignore[arg-type]
    two = prompt_messages("ESTJ.", "He moved.", said)  # type: ignore[arg-type]
    assert shared(one, two).rstrip().endswith("about 30 words.")
    one, two = (seeker_messages(profile, "s", "lonely", []) for profile in ("INFP.", "ESTJ."))
    assert shared(one, two).rstrip().endswith("Do not name the emotion.")


def test_one_dialogue_shares_all_that_was_said_before() -> None:
    said = [{"role": "seeker", "text": "Nobody called."}]
    more = [*said, {"role": "supporter", "text": "I hear."}, {"role": "seeker", "text": "Yes."}]
    one = prompt_messages("INFP.", "She moved.", said)  # type: ignore[arg-type]
    two = prompt_messages("INFP.", "She moved.", more)  # type: ignore[arg-type]
    assert "Nobody called." in shared(one, two)
