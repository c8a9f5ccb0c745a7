"""A judge over real HTTP, by servers that each answer in a way of their own: which of them give a
score, and whose words stand beside a text that got none."""

import json
import math
from typing import Any

import pytest
from starlette.responses import JSONResponse

from rubrics.judging.judge import rate
from rubrics.judging.llm import LLMJudge, LLMParameters
from rubrics.judging.results import CriterionScore
from tests.support.model_client import make_client
from tests.support.rubrics import criterion, item, reply, rubric
from tests.support.servers import Stub, answer, refusal, serve

SPEC = rubric(criterion("kind", low=0, high=2))
ENTRY = {"evidence": [], "rationale": "Kind.", "score": 2}
GOOD = json.dumps({"c1": ENTRY})
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


def said(**message: Any) -> JSONResponse:
    return answer(message={"role": "assistant", **message})


def counted(**usage: Any) -> JSONResponse:
    choice = {"message": {"role": "assistant", "content": GOOD}, "finish_reason": "stop"}
    return JSONResponse({"choices": [choice], "usage": usage})


async def judged(respond: Any) -> tuple[CriterionScore, Stub]:
    stub = Stub(respond)
    with serve(stub.app) as url:
        async with make_client(url, retries=1) as client:
            [result] = await rate(SPEC, [item(reply())], LLMJudge(client.complete))
    return result.scores["kind"], stub


SCORED = {
    "fence": answer(f"```json\n{GOOD}\n```"),
    "think block": answer(f"<think>\nMaybe 0? No.\n</think>\n\n{GOOD}"),
    "a number with a point": answer(json.dumps({"c1": ENTRY | {"score": 2.0}})),
    "parts": said(content=[THOUGHT, {"type": "text", "text": GOOD}]),
    "usage is null": counted(prompt_tokens=None, completion_tokens=None),
    "usage is fractional": counted(prompt_tokens=12.5, completion_tokens=3.0),
}


@pytest.mark.parametrize("response", SCORED.values(), ids=SCORED)
@pytest.mark.asyncio
async def test_an_answer_that_holds_the_score_is_read(response: JSONResponse) -> None:
    score, stub = await judged(lambda body, count: response)
    assert (score.status, score.value, len(stub.bodies)) == ("scored", 2.0, 1)


@pytest.mark.asyncio
async def test_a_score_in_the_reasoning_alone_is_asked_for_in_words() -> None:
    private = said(content=None, reasoning_content=GOOD)
    score, stub = await judged(
        lambda body, count: private if "response_format" in body else answer(GOOD)
    )
    assert (score.value, len(stub.bodies)) == (2.0, 2)


@pytest.mark.asyncio
async def test_the_level_is_asked_for_with_its_probabilities() -> None:
    """As vLLM answers: a choice, and the tokens that it weighed."""
    tokens = [
        {"token": "2", "logprob": math.log(0.6)},
        {"token": "1", "logprob": math.log(0.3)},
        {"token": "Well", "logprob": math.log(0.1)},
    ]
    first = {"token": "2", "logprob": math.log(0.6), "top_logprobs": tokens}
    reasons = json.dumps({"c1": {"evidence": [], "rationale": "Kind."}})

    def respond(body: dict[str, Any], count: int) -> JSONResponse:
        if "structured_outputs" in body:
            return answer("2", logprobs={"content": [first]})
        return answer(reasons)

    stub = Stub(respond)
    parameters = LLMParameters(mode="rationale_then_level")
    with serve(stub.app) as url:
        async with make_client(url, retries=1) as client:
            judge = LLMJudge(client.complete, parameters)
            [result] = await rate(SPEC, [item(reply())], judge)
    score = result.scores["kind"]
    assert (score.value, score.rationale) == (2.0, "Kind.")
    assert score.expected == pytest.approx((2 * 0.6 + 1 * 0.3) / 0.9)
    assert stub.bodies[1]["structured_outputs"] == {"choice": ["0", "1", "2"]}
    assert len(result.calls) == 2


GONE = "Unsupported parameter: 'max_tokens' is not supported with this model."
NO_SEED = {
    "detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not "
                "permitted"}]
}  # fmt: skip
REFUSED = {
    "max_tokens": refusal(400, GONE, param="max_tokens", code="unsupported_parameter"),
    "seed": JSONResponse(NO_SEED, status_code=422),
}


@pytest.mark.parametrize("field", REFUSED)
@pytest.mark.asyncio
async def test_a_refused_field_costs_one_more_request(field: str) -> None:
    score, stub = await judged(
        lambda body, count: REFUSED[field] if field in body else answer(GOOD)
    )
    assert (score.value, len(stub.bodies)) == (2.0, 2)


PROVIDER = JSONResponse({"error": {"message": "Provider returned error", "code": 502}})
FAILED = {
    "refusal": (said(content=None, refusal="I can't help with that."), "I can't help", 1),
    "an error inside of a 200": (PROVIDER, "Provider returned error", 2),
    "cut": (answer(GOOD[:20], finish_reason="length"), "not one complete JSON object", 1),
}


@pytest.mark.parametrize(("response", "words", "asked"), FAILED.values(), ids=FAILED)
@pytest.mark.asyncio
async def test_without_a_score_the_servers_words_are_kept(
    response: JSONResponse, words: str, asked: int
) -> None:
    score, stub = await judged(lambda body, count: response)
    assert (score.status, score.value) == ("failed", None)
    assert words in score.reason and len(stub.bodies) == asked
