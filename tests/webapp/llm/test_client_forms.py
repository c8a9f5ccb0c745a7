"""Schemas and choices, from servers that know them and from servers that do not."""

import json
import math

import pytest

from tests.support.model_client import ask, make_client
from tests.support.servers import Stub, answer, refusal, serve
from webapp.llm.client import RequestRefused, choice_logprobs

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.mark.asyncio
async def test_a_schema_is_sent_as_response_format():
    stub = Stub(lambda body, count: answer('{"score": 3}'))
    with serve(stub.app) as url:
        async with make_client(url) as client:
            done = await ask(client, schema=SCHEMA)
    assert done.text == '{"score": 3}'
    assert len(stub.bodies) == 1
    sent = stub.bodies[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("behaviour", ["refuses", "ignores"])
@pytest.mark.asyncio
async def test_a_server_without_schemas_gets_the_schema_in_words(behaviour):
    def reply(body, count):
        if "response_format" not in body:
            return answer('Sure:\n```json\n{"score": 3}\n```')
        return refusal(400, "response_format?") if behaviour == "refuses" else answer("Well done!")

    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            first = await ask(client, schema=SCHEMA)
            second = await ask(client, schema=SCHEMA)
            usage = client.usage
    assert first.text == second.text == 'Sure:\n```json\n{"score": 3}\n```'
    # Asked twice the first time, then at once in words.
    assert ["response_format" in body for body in stub.bodies] == [True, False, False]
    system = stub.bodies[1]["messages"][0]
    assert system["role"] == "system"
    assert system["content"].startswith("Be kind.")
    assert json.dumps(SCHEMA) in system["content"]
    assert usage.completion_tokens == (9 if behaviour == "ignores" else 6)


@pytest.mark.asyncio
async def test_an_answer_that_never_stops_opening_ends_no_run():
    stub = Stub(lambda body, count: answer("[" * 5000))
    with serve(stub.app) as url:
        async with make_client(url) as client:
            done = await ask(client, schema=SCHEMA)
    assert done.text == "[" * 5000 and len(stub.bodies) == 2


@pytest.mark.asyncio
async def test_a_prompt_that_is_too_long_is_not_asked_in_other_words():
    stub = Stub(lambda body, count: refusal(400, "too long", code="context_length_exceeded"))
    with serve(stub.app) as url:
        async with make_client(url) as client:
            with pytest.raises(RequestRefused, match="too long"):
                await ask(client, schema=SCHEMA)
    assert len(stub.bodies) == 1


def logprobs_of(**alternatives):
    top = [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in alternatives.items()]
    return {"content": [{**top[0], "top_logprobs": top}]}


@pytest.mark.asyncio
async def test_a_choice_comes_with_normalised_logprobs():
    stub = Stub(
        lambda body, count: answer("2", logprobs=logprobs_of(**{"2": 0.6, "1": 0.2, "The": 0.1}))
    )
    with serve(stub.app) as url:
        async with make_client(url) as client:
            done = await ask(client, choice=["0", "1", "2"])
    assert stub.bodies[0]["structured_outputs"] == {"choice": ["0", "1", "2"]}
    assert stub.bodies[0]["logprobs"] is True
    assert done.text == "2"
    assert done.choice_logprobs == pytest.approx({"1": math.log(0.25), "2": math.log(0.75)})


@pytest.mark.parametrize("behaviour", ["refuses", "ignores", "refuses logprobs too"])
@pytest.mark.asyncio
async def test_a_server_without_choices_is_asked_in_words(behaviour):
    def reply(body, count):
        if "structured_outputs" in body:
            return (
                answer("Let me see.") if behaviour == "ignores" else refusal(400, "unknown field")
            )
        if "logprobs" in body and behaviour == "refuses logprobs too":
            return refusal(400, "no logprobs")
        logprobs = logprobs_of(**{" 1": 0.9, "1": 0.05}) if "logprobs" in body else None
        return answer(" 1", logprobs=logprobs)

    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            await ask(client, choice=["0", "1"])
            before = len(stub.bodies)
            done = await ask(client, choice=["0", "1"])
    assert len(stub.bodies) == before + 1
    assert "0, 1" in stub.bodies[-1]["messages"][0]["content"]
    assert done.text == " 1"
    expected = None if behaviour == "refuses logprobs too" else pytest.approx({"1": 0.0})
    assert done.choice_logprobs == expected


@pytest.mark.parametrize(
    ("alternatives", "choices", "expected"),
    [
        ({"1": -0.1, "2": -0.1}, ["1", "2"], {"1": math.log(0.5), "2": math.log(0.5)}),
        ({"1": -0.1, "10": -0.1}, ["1", "10"], {"1": math.log(0.5), "10": math.log(0.5)}),
        ({"1": -0.1, "2": -0.1}, ["1", "2", "10"], None),
        ({"y": -900.0, "n": -900.0}, ["yes", "no"], {"yes": math.log(0.5), "no": math.log(0.5)}),
        ({"maybe": -0.1, "": -0.1}, ["yes", "no"], None),
        ({}, ["yes", "no"], None),
    ],
)
def test_tokens_are_matched_to_choices(alternatives, choices, expected):
    found = choice_logprobs(alternatives, choices)
    assert found == (expected if expected is None else pytest.approx(expected))
