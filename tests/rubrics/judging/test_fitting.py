"""A context that is longer than the model's: the oldest exchanges go, and that is told."""

import asyncio
import json
from typing import Any

import pytest

from rubrics.judging.fitting import shortened
from rubrics.judging.judge import rate_sync
from rubrics.judging.llm import LLMJudge
from tests.rubrics.judging.test_llm import Answer
from tests.support.rubrics import context, criterion, item, reply, rubric
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import EndpointUnavailable, RequestRefused

SPEC = rubric(criterion("a"))
TURNS = [
    {"role": role, "text": f"{role} {number}"}
    for number in range(5)
    for role in ("seeker", "supporter")
][:-1]


class Reader:
    """A model that reads prompts with at most so many turns of the seeker."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[str] = []

    async def __call__(self, messages: list[dict[str, str]], **asked: Any) -> Answer:
        shown = messages[-1]["content"]
        self.asked.append(shown)
        if shown.count("\nseeker: ") > self.most:
            error = RequestRefused("Too long.", status=400, code="context_length_exceeded")
            error.calls = (CallRecord({}, error="Too long."),)
            raise error
        text = json.dumps({"c1": {"evidence": [], "rationale": "Because.", "score": 4}})
        return Answer(text, (CallRecord({}, reply=text),))


def test_the_older_half_of_the_exchanges_goes_and_is_counted() -> None:
    whole = context(reply(), history=TURNS, cut=2)
    seen = []
    left: dict[str, Any] | None = whole
    while left is not None:
        seen.append((left["cut"], left["history"][0]["text"], len(left["history"])))
        left = shortened(left)
    assert seen == [(2, "seeker 0", 9), (4, "seeker 2", 5), (5, "seeker 3", 3), (6, "seeker 4", 1)]
    assert whole["cut"] == 2 and len(whole["history"]) == 9
    assert shortened(context(reply(), history=[])) is None


@pytest.mark.parametrize(("most", "cut", "asked"), [(5, 0, 1), (3, 2, 2), (2, 3, 3), (1, 4, 4)])
def test_a_judge_reads_as_much_as_its_model_can(most: int, cut: int, asked: int) -> None:
    model = Reader(most)
    (result,) = rate_sync(SPEC, [item(reply(), history=TURNS)], LLMJudge(model))
    assert (result.scores["a"].value, result.cut, len(model.asked)) == (4, cut, asked)
    # What was refused is a call, too.
    assert [bool(call.error) for call in result.calls] == [True] * (asked - 1) + [False]
    told = f"({cut} earlier exchanges are left out for length.)"
    assert (told in model.asked[-1]) is bool(cut)


def test_a_last_exchange_that_is_too_long_fails_with_the_servers_words() -> None:
    model = Reader(0)
    (result,) = rate_sync(SPEC, [item(reply(), history=TURNS)], LLMJudge(model))
    score = result.scores["a"]
    assert score.status == "failed" and score.reason == "The judge gave no answer: Too long."
    assert len(result.calls) == len(model.asked) == 4


def test_another_error_shortens_nothing() -> None:
    asked = []

    async def gone(messages: Any, **_: Any) -> Answer:
        asked.append(messages)
        await asyncio.sleep(0)
        raise EndpointUnavailable("Gone: its maximum context length is 4096 tokens.")

    (result,) = rate_sync(SPEC, [item(reply(), history=TURNS)], LLMJudge(gone))
    assert result.scores["a"].status == "failed" and len(asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "the request exceeds the available context size. try increasing the context size",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_servers_say_it_in_their_own_words(said: str) -> None:
    assert RequestRefused(said, status=400).is_too_long
    assert not RequestRefused(said, status=400).blames_form
    assert not RequestRefused(said, status=403).is_too_long


def test_a_limit_of_tokens_is_no_context() -> None:
    said = "max_tokens is too large: 9000. This model supports at most 4096 completion tokens"
    assert not RequestRefused(said, status=400).is_too_long
