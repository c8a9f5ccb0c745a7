"""What a model is asked for proposals, and how its answer is read."""

import json

import pytest

from annotation.suggestions.prompts import (
    ShownText,
    parse_suggestions,
    suggestion_messages,
    suggestion_schema,
)
from rubrics.judging.parsing import ReplyError
from tests.support.impact import RUBRIC
from tests.support.probes import PROBES
from tests.support.suggestions import ANCHOR, BROKEN, GOOD, TEXTS, changed

# Reading the answer


def test_an_answer_is_read() -> None:
    anchor, criterion = parse_suggestions(json.dumps(GOOD), RUBRIC, TEXTS)
    assert (anchor.uid, anchor.level, anchor.texts) == ("warmth", 2, (0,))
    assert criterion.criterion["name"] == "Pace" and not criterion.uid


def test_equal_numbers_are_the_same_level() -> None:
    reply = json.dumps({"anchors": [changed(ANCHOR, level=2.0)], "criteria": []})
    [anchor] = parse_suggestions(reply, RUBRIC, TEXTS)
    assert (anchor.level, type(anchor.level)) == (2, int)


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_what_is_not_exactly_the_form_is_refused_whole(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_suggestions(reply, RUBRIC, TEXTS)


def test_an_anchor_that_is_there_already_is_no_proposal() -> None:
    same = changed(ANCHOR, anchor="Answers it in general words.")
    assert parse_suggestions(json.dumps({"anchors": [same], "criteria": []}), RUBRIC, TEXTS) == []


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_texts_are_data_in_the_prompt(probe: str) -> None:
    texts = [ShownText("warmth", probe, probe, [1.0], [3.0])]
    system, user = suggestion_messages(RUBRIC, texts)
    plain = suggestion_messages(RUBRIC, [ShownText("warmth", "x", "x", [1.0], [3.0])])
    assert system == plain[0], "nothing of a text is an instruction"
    lines = user["content"].split("\n")
    assert len(lines) == len(plain[1]["content"].split("\n")), "no text breaks its line"
    code = lines[1].removeprefix("BEGIN ")
    material = "\n".join(lines[2:-2])
    assert lines[-2] == f"END {code}" and code not in material.casefold()
    for character in "<>[]\u202e\u200b\u2028\x00":
        assert character not in material


def test_the_schema_offers_the_texts_and_criteria_there_are() -> None:
    anchors = suggestion_schema(RUBRIC, TEXTS)["properties"]["anchors"]["items"]["properties"]
    assert anchors["criterion"] == {"enum": ["c1", "c2"]}
    assert anchors["texts"]["items"] == {"enum": ["t1"]}
