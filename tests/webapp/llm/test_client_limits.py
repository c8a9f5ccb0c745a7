"""The client's limits: how many calls at once, which keys, and when it asks no more."""

import asyncio
import logging
import traceback

import httpx2
import pytest

from tests.support.model_client import KEY, ask, ask_stub, failure_of, make_client
from tests.support.servers import Stub, answer, never, refusal, serve
from tests.support.waiting import wait_until_async
from webapp.llm.client import (
    Circuit,
    CircuitOpen,
    EndpointUnavailable,
    ModelClient,
    ModelError,
    NoAnswer,
    wire,
)
from webapp.llm.client.wire import Body


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
async def test_what_a_server_says_alike_of_two_requests_is_about_itself():
    stub = Stub(lambda body, count: refusal(503, "out of memory"))
    with serve(stub.app) as url:
        async with make_client(url, retries=0, circuit_threshold=2) as client:
            for text in ("one text", "another text"):
                with pytest.raises(EndpointUnavailable):
                    await client.complete(
                        [{"role": "user", "content": text}], max_tokens=5, temperature=0.0
                    )
            with pytest.raises(CircuitOpen, match="It said: out of memory"):
                await ask(client)


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
                with pytest.raises(EndpointUnavailable, match="It said: out of memory") as failed:
                    await ask(client)
                assert failed.value.server_error == "The endpoint failed (503)."
            with pytest.raises(CircuitOpen) as caught:
                await ask(client)
            assert "failed 3 times in a row" in str(caught.value)
            # The same request failed three times: the words may quote it, and stay with the call.
            assert "The endpoint failed (503)." in str(caught.value)
            assert "out of memory" not in str(caught.value)
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
async def test_refused_texts_do_not_open_the_circuit_but_a_refused_key_does():
    """403 and 451 are how gateways refuse one text, by their moderation or by law."""
    for status, opens in ((400, False), (403, False), (422, False), (451, False), (401, True)):
        stub = Stub(lambda body, count, status=status: refusal(status))
        with serve(stub.app) as url:
            async with make_client(url, circuit_threshold=2, circuit_cooldown_s=3600) as client:
                errors = []
                for _ in range(3):
                    with pytest.raises(ModelError) as caught:
                        await ask(client)
                    errors.append(caught.value)
        assert isinstance(errors[-1], CircuitOpen) is opens


@pytest.mark.asyncio
async def test_a_silent_server_is_paused_after_two_calls_and_each_is_sent_once():
    now, stub = 0.0, Stub(never)
    with serve(stub.app) as url:
        async with make_client(url, timeout_s=0.2, circuit_cooldown_s=10) as client:
            client._circuit._clock = lambda: now
            outcomes = [await asyncio.gather(ask(client), return_exceptions=True) for _ in range(4)]
            assert [type(outcome) for [outcome] in outcomes] == [NoAnswer] * 2 + [CircuitOpen] * 2
            assert "The last error: No answer within 0.2 s." in str(outcomes[-1][0])
            assert (len(stub.bodies), client.usage.retries) == (2, 0)
            now += 11
            # Then a single one tries.
            await asyncio.gather(*(ask(client) for _ in range(5)), return_exceptions=True)
            assert len(stub.bodies) == 3


@pytest.mark.asyncio
async def test_a_run_gets_no_second_request_for_those_that_a_silent_server_holds():
    """All that are under way at once end with one time limit; none of them is sent again."""
    stub = Stub(never)
    with serve(stub.app) as url:
        async with make_client(url, timeout_s=0.5, max_concurrency=8, patience=0) as client:
            outcomes = await asyncio.gather(
                *(ask(client) for _ in range(20)), return_exceptions=True
            )
    # The first is one text without an answer. All others wait for the endpoint.
    assert [type(outcome) for outcome in outcomes].count(CircuitOpen) == 19
    assert len(stub.bodies) <= 9


@pytest.mark.asyncio
async def test_a_slow_server_that_answers_others_is_asked_again_and_not_paused():
    """Four texts in a row wait in vain while the server answers others, just in time."""
    sent: list[str] = []
    held: list[asyncio.Future[NoAnswer]] = []

    async def post(path, body):
        sent.append(body["messages"][0]["content"])
        if sent[-1] == "in time":
            return Body(answer().body, 59_900.0)
        held.append(asyncio.get_running_loop().create_future())
        return await held[-1]

    async def ask_for(text):
        messages = [{"role": "user", "content": text}]
        return await client.complete(messages, max_tokens=5, temperature=0.0)

    async with make_client("http://127.0.0.1:1/v1") as client:
        client._wire.post = post
        for _ in range(4):
            late = asyncio.create_task(ask_for("late"))
            for _ in range(2):
                attempts = len(held) + 1
                await wait_until_async(lambda n=attempts: len(held) == n, "the late request")
                assert (await ask_for("in time")).text == "fine"
                held[-1].set_result(NoAnswer("No answer within 60 s."))
            with pytest.raises(NoAnswer):
                await late
        assert client._circuit.pause is None
    # Each of the late ones was sent once more.
    assert (sent.count("late"), sent.count("in time")) == (8, 8)


def test_answers_and_other_failures_end_a_row_of_unanswered_calls():
    circuit = Circuit(9, 10)
    for _ in range(2):
        circuit.unanswered("silent", heard=circuit.heard)
        circuit.failed("busy")
        circuit.unanswered("silent", heard=circuit.heard)
        circuit.succeeded()
    assert circuit.pauses == 0 and not circuit.is_open
    # It was sent before that answer came.
    for _ in range(9):
        circuit.unanswered("slow", heard=circuit.heard - 1)
    assert not circuit.is_open
    for _ in range(2):
        circuit.unanswered("silent", heard=circuit.heard)
    assert circuit.is_open and circuit.pauses == 1


@pytest.mark.asyncio
async def test_a_connection_is_not_waited_for_as_long_as_an_answer():
    limits = []

    class Unreachable(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request):
            limits.append(request.extensions["timeout"])
            raise httpx2.ConnectTimeout("no route")

    async with ModelClient("http://x.test/v1", "stub", timeout_s=60, transport=Unreachable()) as c:
        with pytest.raises(NoAnswer, match="No connection within 10 s"):
            await ask(c)
    assert [(limit["connect"], limit["read"]) for limit in limits] == [(10, 60)]


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


@pytest.mark.asyncio
async def test_closing_ends_the_connections():
    with serve(Stub(lambda body, count: answer()).app) as url:
        client = make_client(url)
        async with client:
            await ask(client)
        with pytest.raises(RuntimeError, match="closed"):
            await ask(client)
