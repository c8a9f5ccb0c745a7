"""The client against servers that are busy, broken, slow or strange."""

import asyncio
import email.utils
import gzip
from types import SimpleNamespace

import pytest
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from tests.support.model_client import HELLO, ask, ask_stub, failure_of, make_client
from tests.support.servers import Stub, answer, never, raw_server, refusal, refusing, serve
from webapp.llm.client import BadAnswer, EndpointUnavailable, RateLimited, RequestRefused, wire
from webapp.llm.client import client as client_module


def clock_of_the_wire(monkeypatch, *readings):
    """Let the wire read these times, one after the other, in seconds."""
    clock = SimpleNamespace(perf_counter=iter(readings).__next__)
    monkeypatch.setattr(wire, "time", clock)


@pytest.mark.asyncio
async def test_an_answer_comes_with_its_counts_and_latency(monkeypatch):
    clock_of_the_wire(monkeypatch, 10.0, 10.25)
    done, stub, client = await ask_stub(lambda body, count: answer("hello"))
    assert (done.text, done.prompt_tokens, done.completion_tokens) == ("hello", 7, 3)
    assert done.finish_reason == "stop"
    assert done.choice_logprobs is None
    assert done.latency_ms == 250
    assert (client.usage.calls, client.usage.failures, client.usage.retries) == (1, 0, 0)
    assert (client.usage.prompt_tokens, client.usage.completion_tokens) == (7, 3)
    assert stub.bodies[0]["messages"] == HELLO
    assert "seed" not in stub.bodies[0]


@pytest.mark.asyncio
async def test_parameters_reach_the_server():
    stub = Stub(lambda body, count: answer())
    with serve(stub.app) as url:
        async with make_client(url) as client:
            await ask(client, temperature=0.7, top_p=0.9, seed=3, stop=["END"])
    sent = stub.bodies[0]
    assert (sent["temperature"], sent["top_p"], sent["seed"], sent["stop"], sent["max_tokens"]) == (
        0.7,
        0.9,
        3,
        ["END"],
        5,
    )


@pytest.mark.asyncio
async def test_a_busy_server_is_asked_again_after_the_time_it_named(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append((seconds, len(stub.bodies)))

    def reply(body, count):
        if count == 1:
            return Response("{}", 429, headers={"Retry-After": "30"})
        return answer()

    stub = Stub(reply)
    # The client's own pause only: the rest of the program goes on with asyncio as it is.
    own = SimpleNamespace(Semaphore=asyncio.Semaphore, sleep=sleep)
    monkeypatch.setattr(client_module, "asyncio", own)
    clock_of_the_wire(monkeypatch, 0.0, 0.1, 30.5, 30.75)
    with serve(stub.app) as url:
        async with make_client(url) as client:
            done = await ask(client)
    [(seconds, asked_before)] = slept
    assert 30 <= seconds <= 31 and asked_before == 1
    assert (done.text, len(stub.bodies), client.usage.retries) == ("fine", 2, 1)
    # The pause is not the answer's.
    assert done.latency_ms == 250


def test_retry_after_is_read_as_seconds_or_as_a_date(monkeypatch):
    now = 1_800_000_000
    monkeypatch.setattr(wire, "time", SimpleNamespace(time=lambda: float(now)))
    read = wire.retry_after
    assert read("3") == 3
    assert read("-3") == 0
    assert read(email.utils.formatdate(now + 20, usegmt=True)) == 20
    assert read(email.utils.formatdate(now - 20, usegmt=True)) == 0
    assert read("soon") is read("nan") is read(None) is None
    # Years that no clock knows.
    far = "Fri, 31 Dec {} 23:59:59 GMT"
    assert read(far.format(99999)) is read(far.format(9999999999999)) is None
    assert read(far.format(9999)) > 1e9


def test_pauses_are_jittered_and_capped():
    client = make_client("http://127.0.0.1:1/v1", backoff_s=0.5)
    down = EndpointUnavailable("down")
    assert all(0 <= client._pause(0, down) <= 0.5 for _ in range(50))
    assert max(client._pause(30, down) for _ in range(50)) <= client_module.MAX_BACKOFF_S
    busy = RateLimited("busy", retry_after_s=86400)
    assert client._pause(0, busy) <= client_module.MAX_RETRY_AFTER_S + 1


@pytest.mark.parametrize("status", [408, 500, 502, 503])
@pytest.mark.asyncio
async def test_a_server_error_is_tried_again(status):
    done, stub, _ = await ask_stub(
        lambda body, count: refusal(status) if count < 3 else answer(), retries=2
    )
    assert done.text == "fine"
    assert len(stub.bodies) == 3


@pytest.mark.asyncio
async def test_retries_end():
    error, stub, client = await failure_of(
        lambda body, count: refusal(503, "warming up"), retries=2
    )
    assert isinstance(error, EndpointUnavailable)
    assert error.retryable
    assert error.status == 503
    assert "warming up" in str(error)
    assert len(stub.bodies) == 3
    assert (client.usage.calls, client.usage.failures, client.usage.retries) == (1, 1, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.asyncio
async def test_other_refusals_are_not_tried_again(status):
    error, stub, _ = await failure_of(lambda body, count: refusal(status, "wrong model"))
    assert isinstance(error, RequestRefused)
    assert not error.retryable
    assert error.status == status
    assert "wrong model" in str(error)
    assert len(stub.bodies) == 1


@pytest.mark.asyncio
async def test_an_account_that_is_used_up_is_not_tried_again():
    error, stub, _ = await failure_of(
        lambda body, count: refusal(429, "pay first", code="insufficient_quota")
    )
    assert isinstance(error, RequestRefused)
    assert len(stub.bodies) == 1


@pytest.mark.asyncio
async def test_a_redirect_is_not_followed():
    elsewhere = Stub(lambda body, count: answer())
    with serve(elsewhere.app) as target:
        error, stub, _ = await failure_of(
            lambda body, count: RedirectResponse(f"{target}/chat/completions", 307)
        )
    assert isinstance(error, RequestRefused)
    assert "redirect" in str(error)
    assert len(stub.bodies) == 1
    assert elsewhere.bodies == []


@pytest.mark.asyncio
async def test_an_answer_that_is_too_large_is_not_read_to_its_end():
    async def long():
        for _ in range(24):
            yield b"x" * 2**20

    error, stub, _ = await failure_of(lambda body, count: StreamingResponse(long()))
    assert isinstance(error, BadAnswer)
    assert "larger than 16 MB" in str(error)
    assert len(stub.bodies) == 1


@pytest.mark.asyncio
async def test_a_packed_answer_is_refused_unopened():
    bomb = gzip.compress(bytes(32 * 2**20))
    packed = Response(bomb, headers={"content-encoding": "gzip"})
    error, stub, _ = await failure_of(lambda body, count: packed)
    assert isinstance(error, BadAnswer)
    assert "compressed" in str(error)
    assert stub.headers[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "reply",
    [
        Response('{"choices": [', media_type="application/json"),
        Response("{}", media_type="application/json"),
        Response('{"choices": []}', media_type="application/json"),
        Response('{"choices": [{"message": {"content": null}}]}', media_type="application/json"),
        Response('{"choices": 3}', media_type="application/json"),
        Response("null", media_type="application/json"),
        Response(b"\xff\xfe\x00", media_type="application/json"),
        PlainTextResponse("<html>Welcome to the proxy</html>"),
        Response(b""),
    ],
)
@pytest.mark.asyncio
async def test_garbage_is_a_model_error(reply):
    error, stub, _ = await failure_of(lambda body, count: reply)
    assert isinstance(error, BadAnswer)
    assert len(stub.bodies) == 1


@pytest.mark.parametrize(
    "response",
    [
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"cho',
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        b'5\r\n{"cho\r\n',
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
@pytest.mark.asyncio
async def test_half_an_answer_is_a_model_error(response):
    with raw_server(response) as url:
        async with make_client(url, retries=1) as client:
            with pytest.raises(EndpointUnavailable, match="connection failed"):
                await ask(client)
            assert client.usage.retries == 1


@pytest.mark.asyncio
async def test_a_refused_connection_is_a_model_error():
    with refusing() as url:
        async with make_client(url, retries=1) as client:
            with pytest.raises(EndpointUnavailable, match="connection failed"):
                await ask(client)


@pytest.mark.asyncio
async def test_a_slow_server_times_out():
    error, _, _ = await failure_of(never, timeout_s=0.2, retries=0)
    assert isinstance(error, EndpointUnavailable)
    assert "0.2 s" in str(error)


@pytest.mark.asyncio
async def test_the_timeout_is_for_the_whole_answer_not_for_each_byte():
    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    error, _, _ = await failure_of(
        lambda body, count: StreamingResponse(drip()), timeout_s=0.3, retries=0
    )
    assert "0.3 s" in str(error)
