"""Servers that refuse a field of the request are asked without it, from then on at once."""

import pytest
from starlette.responses import JSONResponse

from tests.support.model_client import ask, make_client
from tests.support.servers import Stub, answer, refusal, serve
from webapp.llm.client import Adaptation, RequestRefused
from webapp.llm.client.adaptations import adaptation_to, adapted

MAX_TOKENS_GONE = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
    "'max_completion_tokens' instead."
)
SEED_FORBIDDEN = {
    "detail": [
        {
            "type": "extra_forbidden",
            "loc": ["body", "seed"],
            "msg": "Extra inputs are not permitted",
        }
    ]
}


def strict(body, count):
    """A server that knows neither `max_tokens`, nor `seed`, nor another temperature than 1."""
    if "max_tokens" in body:
        return refusal(400, MAX_TOKENS_GONE, param="max_tokens", code="unsupported_parameter")
    if "seed" in body:
        return JSONResponse(SEED_FORBIDDEN, status_code=422)
    if "temperature" in body:
        return refusal(400, "Unsupported value: 'temperature' does not support 0 with this model.")
    return answer()


@pytest.mark.asyncio
async def test_what_is_refused_is_sent_otherwise_and_remembered():
    heard: list[Adaptation] = []

    async def note(found):
        heard.append(found)

    stub = Stub(strict)
    with serve(stub.app) as url:
        async with make_client(url, on_adaptation=note) as client:
            first = await ask(client, seed=3)
            await ask(client, seed=3)
    assert first.text == "fine" and len(first.calls) == 4
    assert len(stub.bodies) == 5
    assert stub.bodies[3] == stub.bodies[4]
    assert stub.bodies[4]["max_completion_tokens"] == 5
    assert not {"max_tokens", "seed", "temperature"} & set(stub.bodies[4])
    assert [(one.field, one.instead) for one in heard] == [
        ("max_tokens", "max_completion_tokens"),
        ("seed", ""),
        ("temperature", ""),
    ]
    assert "body.seed: Extra inputs are not permitted" in heard[1].said


@pytest.mark.asyncio
async def test_what_was_learned_before_is_heeded_from_the_start():
    stub = Stub(lambda body, count: answer())
    known = [Adaptation("seed", "", "no seed")]
    with serve(stub.app) as url:
        async with make_client(url, adaptations=known) as client:
            await ask(client, seed=3)
    assert "seed" not in stub.bodies[0]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("This model does not support the parameter `logprobs`.", "logprobs"),
        ("`temperature` and `top_p` cannot both be specified for this model.", "top_p"),
        ("`temperature` is deprecated for this model.", "temperature"),
        ('Unknown name "seed": Cannot find field.', "seed"),
    ],
)
def test_servers_say_it_in_words_of_their_own(words, field):
    sent = {"seed": 1, "temperature": 0.0, "top_p": 1.0, "logprobs": True, "top_logprobs": 20}
    found = adaptation_to(RequestRefused(words, status=400), sent)
    assert found is not None and found.field == field


@pytest.mark.parametrize(
    "words",
    [
        "'max_tokens' is too large: 99999. The context length is 4096 tokens.",
        "This model does not support max_tokens greater than 4096.",
        "The prompt is unsupported.",
        "Unsupported parameter: 'max_completion_tokens'",
    ],
)
@pytest.mark.asyncio
async def test_another_refusal_changes_no_request(words):
    stub = Stub(lambda body, count: refusal(400, words))
    with serve(stub.app) as url:
        async with make_client(url) as client:
            with pytest.raises(RequestRefused):
                await ask(client, seed=3)
    assert len(stub.bodies) == 1


@pytest.mark.asyncio
async def test_the_limit_of_tokens_is_never_left_out():
    def reply(body, count):
        return refusal(400, "Unsupported parameter: max_tokens, max_completion_tokens")

    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            with pytest.raises(RequestRefused):
                await ask(client)
    assert len(stub.bodies) == 2
    assert stub.bodies[1]["max_completion_tokens"] == 5


def test_log_probabilities_are_left_out_together():
    body = {"messages": [], "logprobs": True, "top_logprobs": 20}
    known = {"top_logprobs": Adaptation("top_logprobs", "", "no")}
    assert adapted(body, known) == {"messages": []}
