"""The client against servers that are busy, broken, slow or strange."""

import asyncio
import email.utils
import gzip
import json
import logging
import math
import traceback
from types import SimpleNamespace

import pytest
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from tests.llm.servers import Stub, answer, never, raw_server, refusal, refusing, serve
from tests.support.waiting import SHORT_S, wait_until_async
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import (
    BadAnswer,
    Circuit,
    CircuitOpen,
    EndpointUnavailable,
    ModelClient,
    ModelError,
    RateLimited,
    RequestRefused,
    choice_logprobs,
    wire,
)
from webapp.llm.client import client as client_module

KEY = "sk-very-secret-0123456789"
HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]


def make_client(url, **options):
    options = {"backoff_s": 0.01, "timeout_s": SHORT_S, **options}
    return ModelClient(
        url, "stub", KEY, transport=guarded_transport(allow_loopback=True), **options
    )


async def ask(client, **options):
    return await client.complete(HELLO, **{"max_tokens": 5, "temperature": 0.0, **options})


async def ask_stub(reply, **options):
    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url, **options) as client:
            return await ask(client), stub, client


async def failure_of(reply, **options):
    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url, **options) as client:
            with pytest.raises(ModelError) as caught:
                await ask(client)
            return caught.value, stub, client


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


def test_pauses_are_jittered_and_capped():
    client = make_client("http://127.0.0.1:1/v1", backoff_s=0.5)
    down = EndpointUnavailable("down")
    assert all(0 <= client._pause(0, down) <= 0.5 for _ in range(50))
    assert max(client._pause(30, down) for _ in range(50)) <= client_module.MAX_BACKOFF_S
    busy = RateLimited("busy", retry_after_s=86400)
    assert client._pause(0, busy) <= client_module.MAX_RETRY_AFTER_S + 1


@pytest.mark.parametrize("status", [500, 502, 503])
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


@pytest.mark.asyncio
async def test_the_concurrency_limit_holds():
    running = most = 0

    async def reply(body, count):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await wait_until_async(lambda: most >= 4, "four requests at once")
        await asyncio.sleep(0.02)  # for those that should have waited
        running -= 1
        return answer() if count % 5 else refusal(500)

    with serve(Stub(reply).app) as url:
        async with make_client(url, max_concurrency=4) as client:
            await asyncio.gather(*(ask(client) for _ in range(40)))
    assert most == 4


@pytest.mark.asyncio
async def test_the_key_shows_nowhere(caplog):
    caplog.set_level(logging.DEBUG)

    def echo(body, count):
        return refusal(401, f"Incorrect API key provided: {KEY}.")

    error, stub, client = await failure_of(echo)
    assert stub.headers[0]["authorization"] == f"Bearer {KEY}"
    shown = [
        str(error),
        repr(error),
        str(vars(error)),
        "".join(traceback.format_exception(error)),
        repr(client),
        str(client),
        caplog.text,
    ]
    assert not any(KEY in text for text in shown)
    assert error.__context__ is None
    assert error.__cause__ is None


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="enter it again") as caught:
        ModelClient("http://127.0.0.1:1/v1", "stub", f"{KEY}\nX-Admin: 1")
    assert KEY not in str(caught.value)


@pytest.mark.asyncio
async def test_nothing_from_the_environment_reaches_the_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    monkeypatch.setenv("OPENAI_ORG_ID", "our-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "our-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer custom\nX-Tenant: ours")
    _, stub, _ = await ask_stub(lambda body, count: answer())
    assert set(stub.headers[0]) <= wire.SENT_HEADERS
    assert stub.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.asyncio
async def test_the_circuit_opens_says_why_and_closes_after_a_success():
    healthy, now = False, 0.0

    def reply(body, count):
        return answer() if healthy else refusal(503, "out of memory")

    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(
            url, retries=0, circuit_threshold=3, circuit_cooldown_s=10
        ) as client:
            client._circuit._clock = lambda: now
            for _ in range(3):
                with pytest.raises(EndpointUnavailable):
                    await ask(client)
            with pytest.raises(CircuitOpen) as caught:
                await ask(client)
            assert "failed 3 times in a row" in str(caught.value)
            assert "out of memory" in str(caught.value)
            assert caught.value.retryable
            assert len(stub.bodies) == 3

            now += 11
            outcomes = await asyncio.gather(
                *(ask(client) for _ in range(5)), return_exceptions=True
            )
            # One call tried while the others were refused.
            assert len(stub.bodies) == 4
            assert sum(isinstance(o, CircuitOpen) for o in outcomes) == 4

            healthy = True
            with pytest.raises(CircuitOpen):
                await ask(client)
            now += 11
            assert (await ask(client)).text == "fine"
            assert (await ask(client)).text == "fine"


@pytest.mark.asyncio
async def test_refused_requests_do_not_open_the_circuit_but_a_refused_key_does():
    for status, opens in ((400, False), (401, True)):
        stub = Stub(lambda body, count, status=status: refusal(status))
        with serve(stub.app) as url:
            async with make_client(url, circuit_threshold=2, circuit_cooldown_s=3600) as client:
                errors = []
                for _ in range(3):
                    with pytest.raises(ModelError) as caught:
                        await ask(client)
                    errors.append(caught.value)
        assert isinstance(errors[-1], CircuitOpen) is opens


def test_an_abandoned_trial_lets_the_next_call_try():
    now = 0.0
    circuit = Circuit(1, 10, clock=lambda: now)
    circuit.admit()
    circuit.failed("down")
    with pytest.raises(CircuitOpen):
        circuit.admit()
    now = 11.0
    circuit.admit()
    with pytest.raises(CircuitOpen):
        circuit.admit()
    circuit.abandoned()
    circuit.admit()
    circuit.succeeded()
    assert not circuit.is_open


@pytest.mark.asyncio
async def test_a_cancelled_call_frees_its_slot():
    stub = Stub(lambda body, count: never() if count == 1 else answer())
    with serve(stub.app) as url:
        async with make_client(url, max_concurrency=1) as client:
            call = asyncio.create_task(ask(client))
            await wait_until_async(lambda: stub.bodies, "the request")
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await ask(client)).text == "fine"


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


@pytest.mark.asyncio
async def test_closing_ends_the_connections():
    with serve(Stub(lambda body, count: answer()).app) as url:
        client = make_client(url)
        async with client:
            await ask(client)
        with pytest.raises(RuntimeError, match="closed"):
            await ask(client)
