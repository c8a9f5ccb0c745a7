"""A judge's reply fails closed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.judging.parsing import parse_reply
from tests.support.probes import PROBES
from tests.support.rubrics import criterion

ONE = [criterion("a")]
TWO = [criterion("a"), criterion("b", low=0, high=1)]


def entry(score=4, **changes):
    return {"evidence": ["so heavy"], "rationale": "Names it.", "score": score, **changes}


def reply(**entries):
    return json.dumps(entries)


def test_reads_a_full_reply():
    first, second = parse_reply(reply(c1=entry(), c2=entry(0, evidence=[])), TWO)
    assert (first.uid, first.status, first.value) == ("a", "scored", 4.0)
    assert (first.rationale, first.evidence) == ("Names it.", ("so heavy",))
    assert (second.uid, second.value) == ("b", 0.0)


def test_not_applicable_only_where_the_criterion_allows_it():
    text = reply(c1=entry("not_applicable"))
    [allowed] = parse_reply(text, [criterion("a", use_when="There is a profile.")])
    assert (allowed.status, allowed.value, allowed.reason) == (
        "not_applicable",
        None,
        "Names it.",
    )
    assert parse_reply(text, ONE)[0].status == "failed"


WRAPPED = {
    "code fence": "```json\n{}\n```",
    "fence without a language": "```\n{}\n```\n",
    "think block": "<think>\nMaybe 0? No.\n</think>\n\n{}",
    "think block and fence": "<think>4 or 5</think>\n```json\n{}\n```",
    "think block that the chat template opened": "Maybe 0? No.\n</think>\n\n{}",
    "lines that end as on Windows": "```json\r\n{}\r\n```\r\n",
}


@pytest.mark.parametrize("wrapper", WRAPPED.values(), ids=WRAPPED)
def test_one_wrapper_around_the_reply_is_taken_off(wrapper):
    text = wrapper.replace("{}", reply(c1=entry()))
    assert parse_reply(text, ONE) == parse_reply(reply(c1=entry()), ONE)
    assert parse_reply(text, ONE)[0].value == 4.0


def test_a_rationale_may_speak_of_think_blocks():
    text = reply(c1=entry(rationale="It ends with </think> and has no reply."))
    assert parse_reply(text, ONE)[0].value == 4.0
    assert parse_reply(f"```json\n{text}\n```", ONE)[0].value == 4.0


def test_equal_numbers_are_the_same_level():
    assert parse_reply(reply(c1=entry(4.0)), ONE)[0].value == 4.0
    [refused] = parse_reply(reply(c1=entry(4.5)), ONE)
    assert (refused.status, refused.reason) == ("failed", "The score is not a level.")


def test_what_no_database_keeps_is_replaced_after_parsing():
    escaped = json.dumps({"c1": entry(rationale="a\0b\ud800c", evidence=["x\0"])})
    [score] = parse_reply(escaped, ONE)
    assert (score.rationale, score.evidence) == ("a\ufffdb\ufffdc", ("x\ufffd",))


BROKEN = {
    "nothing": "",
    "white space": " \n",
    "nonsense": "I would say four.",
    "a number": "5",
    "a list": "[5]",
    "null": "null",
    "half json": reply(c1=entry())[:-2],
    "two objects": reply(c1=entry()) * 2,
    "text before": "Sure: " + reply(c1=entry()),
    "words around a code fence": f"Sure:\n```json\n{reply(c1=entry())}\n```",
    "two code fences": f"```\n{reply(c1=entry())}\n```\n```\n{reply(c1=entry())}\n```",
    "open code fence": f"```json\n{reply(c1=entry())}",
    "two objects in a fence": f"```\n{reply(c1=entry())}\n{reply(c1=entry())}\n```",
    "open think block": f"<think>Perhaps {reply(c1=entry())}",
    "two think blocks": f"<think>1</think><think>2</think>{reply(c1=entry())}",
    "two think blocks, one opened": f"1</think><think>2</think>{reply(c1=entry())}",
    "think block in a think block": f"<think>1<think>2</think></think>{reply(c1=entry())}",
    "think block in a fence": f"```\n<think>1</think>{reply(c1=entry())}\n```",
    "a fence and nothing in it": "```json\n```",
    "think block after": f"{reply(c1=entry())}<think>or 2</think>",
    "empty object": "{}",
    "other criterion": reply(c2=entry()),
    "extra criterion": reply(c1=entry(), c2=entry()),
    "bare score": reply(c1=5),
    "null entry": reply(c1=None),
    "above the scale": reply(c1=entry(6)),
    "below the scale": reply(c1=entry(0)),
    "between levels": reply(c1=entry(3.5)),
    "text score": reply(c1=entry("4")),
    "true": reply(c1=entry(True)),
    "null score": reply(c1=entry(None)),
    "list score": reply(c1=entry([4])),
    "not a number": '{"c1": {"evidence": [], "rationale": "x", "score": NaN}}',
    "huge number": '{"c1": {"evidence": [], "rationale": "x", "score": 1' + "0" * 5000 + "}}",
    "no rationale": reply(c1={"evidence": [], "score": 4}),
    "blank rationale": reply(c1=entry(rationale=" ")),
    "rationale of a kind": reply(c1=entry(rationale=["x"])),
    "evidence of a kind": reply(c1=entry(evidence="so heavy")),
    "evidence of numbers": reply(c1=entry(evidence=[4])),
    "second score": reply(c1=entry(final_score=5)),
    "repeated key": '{"c1": {"evidence": [], "rationale": "x", "score": 1, "score": 5}}',
    "repeated entry": '{"c1": {}, "c1": {"evidence": [], "rationale": "x", "score": 5}}',
    "deep": "[" * 100_000,
    "too long": json.dumps({"c1": entry(rationale="x" * 200_000)}),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_reply_is_a_failure_with_a_reason(text):
    [score] = parse_reply(text, ONE)
    assert (score.status, score.value, score.expected) == ("failed", None, None)
    assert score.reason.endswith(".")
    assert len(score.reason) < 200


@pytest.mark.parametrize("probe", [p for name, p in PROBES.items() if name != "finished answer"])
def test_a_judge_that_echoes_a_probe_gives_no_score(probe):
    assert {score.status for score in parse_reply(probe, TWO)} == {"failed"}


@given(st.text())
def test_never_raises_for_any_text(text):
    assert [score.uid for score in parse_reply(text, TWO)] == ["a", "b"]


def test_a_missing_criterion_fails_alone():
    present, missing = parse_reply(reply(c1=entry()), TWO)
    assert (present.status, missing.status) == ("scored", "failed")
    assert missing.reason == "The reply leaves this criterion out."


def test_a_broken_entry_fails_alone():
    good, bad = parse_reply(reply(c1=entry(), c2=entry(7)), TWO)
    assert (good.status, bad.status) == ("scored", "failed")
