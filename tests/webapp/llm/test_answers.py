"""Answers of servers that are healthy, but answer in ways of their own."""

import json

import pytest
from starlette.responses import JSONResponse, Response

from tests.support.model_client import ask, ask_stub, failure_of, make_client
from tests.support.servers import Stub, answer, refusal, serve
from webapp.llm.client import (
    BadAnswer,
    EndpointUnavailable,
    ModelError,
    NoText,
    RateLimited,
    RequestRefused,
)

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
FENCED = '```json\n{"score": 2}\n```'
THOUGHT = '<think>\nMaybe 0?\n</think>\n\n{"score": 2}'
PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    {"type": "text", "text": "All "},
    {"type": "text", "text": "right."},
]


async def ask_for_json(reply):
    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            return await ask(client, schema=SCHEMA), stub


def message(**fields):
    return answer(message={"role": "assistant", **fields})


@pytest.mark.parametrize("text", [FENCED, THOUGHT])
@pytest.mark.asyncio
async def test_json_in_one_wrapper_is_json(text):
    done, stub = await ask_for_json(lambda body, count: answer(text))
    assert done.text == text
    assert len(stub.bodies) == 1


@pytest.mark.asyncio
async def test_parts_of_text_are_the_text_and_thinking_is_left_out():
    done, _, _ = await ask_stub(lambda body, count: message(content=PARTS))
    assert done.text == "All right."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (message(content=None, refusal="I can't help with that."), "I can't help with that"),
        (answer("half a", finish_reason="content_filter"), "content filter"),
        (answer("half a", finish_reason="error"), "failed in the middle"),
        (message(content=None), "no text"),
        (message(content=None, reasoning_content="They seem sad."), "reasoning, but no answer"),
        (JSONResponse({"choices": []}), "choices"),
    ],
)
@pytest.mark.asyncio
async def test_an_answer_without_a_text_fails_its_text_and_the_endpoint_stays_in_use(reply, words):
    stub = Stub(lambda body, count: reply if count <= 8 else answer())
    with serve(stub.app) as url:
        async with make_client(url, circuit_threshold=2, circuit_cooldown_s=3600) as client:
            for _ in range(8):
                with pytest.raises(BadAnswer, match=words):
                    await ask(client)
            assert (await ask(client)).text == "fine"
    assert len(stub.bodies) == 9


@pytest.mark.asyncio
async def test_json_in_the_reasoning_alone_is_asked_for_in_words():
    thought = message(content=None, reasoning_content='{"score": 2}')

    def reply(body, count):
        return thought if "response_format" in body else answer('{"score": 3}')

    done, stub = await ask_for_json(reply)
    assert done.text == '{"score": 3}'
    assert ["response_format" in body for body in stub.bodies] == [True, False]
    assert "reasoning" in done.calls[0].error


@pytest.mark.asyncio
async def test_reasoning_that_is_cut_says_so_and_is_not_asked_for_in_words():
    choice = {"message": {"content": None, "reasoning": "They"}, "finish_reason": "length"}
    stub = Stub(lambda body, count: JSONResponse({"choices": [choice]}))
    with serve(stub.app) as url:
        async with make_client(url) as client:
            with pytest.raises(NoText, match="limit of tokens"):
                await ask(client, schema=SCHEMA)
    assert len(stub.bodies) == 1


@pytest.mark.parametrize(
    "logprobs",
    [
        {"tokens": ["fine"], "token_logprobs": [-0.1]},
        {"content": [{"token": "fine", "logprob": None, "top_logprobs": None}]},
        [],
        "none",
    ],
)
@pytest.mark.asyncio
async def test_log_probabilities_never_decide_about_an_answer(logprobs):
    choice = {"message": {"role": "assistant", "content": "fine"}, "logprobs": logprobs}
    done, _, _ = await ask_stub(lambda *_: JSONResponse({"choices": [choice]}))
    assert (done.text, done.has_logprobs) == ("fine", False)


@pytest.mark.asyncio
async def test_where_words_get_reasoning_alone_too_the_text_fails():
    thought = message(content="", reasoning='{"score": 2}')
    stub = Stub(lambda body, count: thought)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            with pytest.raises(NoText) as caught:
                await ask(client, schema=SCHEMA)
    assert len(stub.bodies) == len(caught.value.calls) == 2


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "seven",
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": -1, "completion_tokens": True, "prompt_tokens_details": 3},
        {"prompt_tokens": "7", "completion_tokens": [3]},
    ],
)
@pytest.mark.asyncio
async def test_usage_never_decides_about_an_answer(usage):
    choice = {"message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": usage}
    done, _, _ = await ask_stub(lambda *_: JSONResponse(body))
    assert (done.text, done.prompt_tokens, done.completion_tokens) == ("fine", 0, 0)


@pytest.mark.asyncio
async def test_fractional_and_endless_counts_are_bounded():
    choice = {"message": {"role": "assistant", "content": "fine"}}
    usage = {
        "prompt_tokens": 12.5,
        "completion_tokens": 10**400,
        "prompt_tokens_details": {"cached_tokens": 99},
    }
    done, _, _ = await ask_stub(lambda *_: JSONResponse({"choices": [choice], "usage": usage}))
    assert (done.prompt_tokens, done.completion_tokens) == (12, 2**31 - 1)
    assert done.cached_tokens == 12


@pytest.mark.asyncio
async def test_escapes_that_no_database_keeps_are_replaced():
    body = json.dumps({"choices": [{"message": {"content": "a\0b\ud800c"}}]})
    done, _, _ = await ask_stub(lambda *_: Response(body))
    assert done.text == "a\ufffdb\ufffdc"


def inside(code, said="Provider returned error"):
    return JSONResponse({"error": {"message": said, "code": code}})


@pytest.mark.parametrize(
    ("code", "kind", "requests"),
    [
        (502, EndpointUnavailable, 2),
        ("429", RateLimited, 2),
        (400, RequestRefused, 1),
        ("server_error", BadAnswer, 1),
        (None, BadAnswer, 1),
    ],
)
@pytest.mark.asyncio
async def test_an_error_inside_of_a_200_is_what_its_code_says(code, kind, requests):
    error, stub, _ = await failure_of(lambda body, count: inside(code), retries=1)
    assert type(error) is kind
    assert "It said: Provider returned error" in str(error)
    assert len(stub.bodies) == requests


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no model"},
        {"message": "no model"},
        [{"error": {"code": 404, "message": "no model"}}],
    ],
)
@pytest.mark.asyncio
async def test_errors_in_other_shapes_are_shown(body):
    error, _, _ = await failure_of(lambda *_: JSONResponse(body, status_code=404))
    assert str(error).endswith("It said: no model")


@pytest.mark.asyncio
async def test_a_charset_that_decodes_no_text_is_no_accident():
    def reply(body, count):
        said = json.dumps({"error": {"message": "too late"}})
        return Response(said, 404, media_type="application/json; charset=hex")

    error, _, _ = await failure_of(reply)
    assert isinstance(error, RequestRefused) and "too late" in str(error)


@pytest.mark.asyncio
async def test_a_server_that_stays_busy_is_left_alone_for_a_while():
    stub = Stub(lambda body, count: refusal(429))
    with serve(stub.app) as url:
        async with make_client(url, retries=0, circuit_threshold=2) as client:
            for _ in range(3):
                with pytest.raises(ModelError):
                    await ask(client)
    assert len(stub.bodies) == 2
