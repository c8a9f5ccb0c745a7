"""The local server through OpenAI's own package, and what it says to requests that are wrong."""

import asyncio
import json

import httpx2
import openai
import pytest

from tests.support.servers import serve
from tests.support.waiting import SHORT_S
from webapp.llm.local.app import MAX_BODY_BYTES, build_app
from webapp.llm.local.batching import Batcher, QueueFull

pytestmark = pytest.mark.model

HELLO = [{"role": "user", "content": "I feel so alone."}]


@pytest.fixture
def client(local_url):
    return openai.OpenAI(base_url=local_url, api_key="none", max_retries=0)


def ask(client, **body):
    asked = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "seed": 5, **body}
    return client.chat.completions.create(**asked)


def test_openais_package_reads_whole_answers_and_streams(client):
    whole = ask(client, n=2, logprobs=True, top_logprobs=2)
    assert [choice.index for choice in whole.choices] == [0, 1]
    assert all(choice.logprobs.content[0].top_logprobs for choice in whole.choices)
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens

    texts, usage = ["", ""], None
    for chunk in ask(client, n=2, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in whole.choices]
    assert usage == whole.usage
    assert [model.id for model in client.models.list()] == ["other", "tiny"]


def test_a_stream_can_be_left_in_the_middle(client):
    with ask(client, max_tokens=200, stream=True) as stream:
        assert next(iter(stream)).choices[0].delta.role == "assistant"
    assert ask(client).choices[0].message.content


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"model": "missing"}, openai.NotFoundError, "does not exist"),
        ({"max_tokens": 10_000}, openai.BadRequestError, "context is 256"),
        ({"n": 17}, openai.BadRequestError, "'n'"),
        ({"top_p": 1.5}, openai.BadRequestError, "'top_p'"),
        ({"temperature": -1}, openai.BadRequestError, "'temperature'"),
        ({"stop": ["x"] * 17}, openai.BadRequestError, "'stop"),
        ({"seed": "five"}, openai.BadRequestError, "'seed'"),
        ({"top_logprobs": 21}, openai.BadRequestError, "'top_logprobs'"),
        ({"frequency_penalty": 1}, openai.BadRequestError, "'frequency_penalty'"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "json_object"),
        ({"extra_body": {"guided_choice": ["1"]}}, openai.BadRequestError, "'guided_choice'"),
        (
            {"extra_body": {"structured_outputs": {"choice": ["1", "2"]}}, "n": 2},
            openai.BadRequestError,
            "n",
        ),
    ],
)
def test_openais_package_raises_what_is_wrong(client, body, error, words):
    with pytest.raises(error, match=words) as raised:
        ask(client, **body)
    assert raised.value.type == "invalid_request_error"


def test_a_full_queue_is_a_rate_limit(store, monkeypatch):
    with serve(build_app(store, Batcher(max_rows=1, max_waiting=1))) as url:
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
        with pytest.raises(openai.RateLimitError) as raised:
            ask(client, n=2)
        assert raised.value.response.headers["retry-after"] == "1"
        # The package waits as long as it was told, and comes through.
        monkeypatch.setattr(QueueFull, "retry_after_s", 0.02)
        patient = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=10**6)

        async def crowd():
            asked = (
                patient.chat.completions.create(model="tiny", messages=HELLO, max_tokens=4)
                for _ in range(4)
            )
            return await asyncio.gather(*asked)

        assert len(asyncio.run(crowd())) == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'{"model": "tiny"', 400),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "\xff"}]}', 400),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": null}]}', 400),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "a"}], "top_p": NaN}', 400),
        (b"[" * 100_000, 400),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_body_that_is_no_request_is_told_so(local_url, body, status):
    response = httpx2.post(f"{local_url}/chat/completions", content=body, timeout=SHORT_S)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_an_endless_body_is_not_read_to_its_end(local_url):
    sent = 0

    def endless():
        nonlocal sent
        while sent < 64 * MAX_BODY_BYTES:
            sent += 65536
            yield b" " * 65536

    # Told, or cut off while it still sends.
    try:
        response = httpx2.post(f"{local_url}/chat/completions", content=endless(), timeout=SHORT_S)
        assert response.status_code == 413
    except httpx2.TransportError:
        pass
    assert sent < 64 * MAX_BODY_BYTES
    assert httpx2.get(f"{local_url}/models", timeout=SHORT_S).status_code == 200


@pytest.mark.parametrize("content", ["", "\x00", "\u202eabc", "\U0001f600", "<|im_end|>" * 20])
def test_odd_texts_are_texts(client, content):
    answer = ask(client, messages=[{"role": "user", "content": content}], max_tokens=2)
    assert answer.usage.completion_tokens in (1, 2)


def test_a_lone_surrogate_is_refused(local_url):
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "\ud800"}]})
    response = httpx2.post(f"{local_url}/chat/completions", content=body, timeout=SHORT_S)
    assert response.status_code == 400
