"""One async client for every model call: simulator, supporter, critic, judge and reward.

It speaks OpenAI's chat completions to any server. Make one `ModelClient` for an endpoint and share
it: the concurrency limit, the circuit and the token counts are its own.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

import httpx2

from webapp.llm.addresses import guarded_transport
from webapp.llm.call_record import CallRecord
from webapp.llm.client.adaptations import Adaptation, adaptation_to, adapted
from webapp.llm.client.answers import Completion, read_answer
from webapp.llm.client.circuit import Circuit, Pause
from webapp.llm.client.forms import Form, choice_forms, plain_form, schema_forms
from webapp.llm.client.wire import Body, Wire
from webapp.llm.errors import (
    CircuitOpen,
    ModelError,
    NoAnswer,
    NoText,
    RateLimited,
    RequestRefused,
)

MAX_BACKOFF_S = 20.0
MAX_RETRY_AFTER_S = 60.0
# Who waits for a paused endpoint looks again after this long at the latest.
LOOK_AGAIN_S = 1.0


@dataclass
class Usage:
    """What an endpoint was used for since the client was made. `failures` counts failed calls."""

    calls: int = 0
    failures: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


async def _tell_nobody(_: object) -> None:
    pass


class ModelClient:
    """Asks one model at one endpoint. Use it as `async with`, which closes its connections.

    - `base_url` ends where `/chat/completions` begins; `api_key` may be None.
    - `max_concurrency` requests are under way at once; further calls wait their turn.
    - `timeout_s` is for one attempt; `retries` further attempts follow a 429, a 5xx or a broken
      connection, with full jitter or after the Retry-After that the server asked for (at most
      60 s). Without an answer in time, it is asked once more if the server answered others
      meanwhile. Nothing else is retried, redirects are not followed.
    - `circuit_threshold` failed calls in a row, or MOST_UNANSWERED without a word from the server,
      open the circuit for `circuit_cooldown_s`. While it is open, calls fail at once; with
      `patience` they wait, for that many pauses in a row, and the call over which it opens fails
      with the pause too. `pauses` are those that the caller waited out before: the first call then
      tries for all. `on_pause` hears of each pause, and None when the endpoint answers again.
    - `adaptations` are what the server is known to refuse; `on_adaptation` hears of each new one.
    - `transport` decides which addresses may be reached; the default permits public ones only.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        max_concurrency: int = 8,
        timeout_s: float = 60.0,
        retries: int = 4,
        backoff_s: float = 0.5,
        circuit_threshold: int = 5,
        circuit_cooldown_s: float = 30.0,
        patience: int | None = None,
        pauses: int = 0,
        on_pause: Callable[[Pause | None], Awaitable[None]] = _tell_nobody,
        adaptations: Sequence[Adaptation] = (),
        on_adaptation: Callable[[Adaptation], Awaitable[None]] = _tell_nobody,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise ValueError("The key has characters that can't be sent; enter it again.")
        self.base_url = base_url
        self.model = model
        self.usage = Usage()
        self._retries = retries
        self._backoff_s = backoff_s
        self._slots = asyncio.Semaphore(max_concurrency)
        self._circuit = Circuit(circuit_threshold, circuit_cooldown_s, pauses=pauses)
        # The server's last complaint, with what it was asked, and one that was not about a text.
        self._last_fault: tuple[str, object] = ("", None)
        self._about_itself = ""
        self._patience = patience
        self._on_pause = on_pause
        self.adaptations = {known.field: known for known in adaptations}
        self._on_adaptation = on_adaptation
        # The form that worked, by what was asked for. It is learned anew by every client.
        self._form_that_worked: dict[str, int] = {}
        self._wire = Wire(base_url, api_key or "", timeout_s, transport or guarded_transport())

    def __repr__(self) -> str:
        return f"ModelClient({self.base_url!r}, {self.model!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._wire.close()

    async def complete(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        schema: Mapping[str, Any] | None = None,
        choice: Sequence[str] | None = None,
        max_tokens: int,
        temperature: float,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
    ) -> Completion:
        """Asks for one completion of `messages` ({"role", "content"} each).

        `schema` asks for JSON of that schema, `choice` for one of these texts with logprobs. A
        server that refuses or ignores either is asked again in words, and from then on at once;
        what it answers to words is returned as it is, for the caller to parse. Raises ModelError.
        """
        body: dict[str, Any] = {
            "messages": [dict(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
        }
        if seed is not None:
            body["seed"] = seed
        if stop:
            body["stop"] = list(stop)
        if schema is not None and choice is not None:
            raise ValueError("ask for a schema or for a choice, not both")
        if schema is not None:
            kind = json.dumps(schema, sort_keys=True)
            return await self._first_form_that_works(kind, schema_forms(body, schema))
        if choice is not None:
            return await self._first_form_that_works("choice", choice_forms(body, choice))
        return await self.ask(plain_form(body))

    async def ask(self, form: Form) -> Completion:
        """Asks in this one form. Raises ModelError."""
        return await self._first_form_that_works(form.name, [form])

    async def models(self) -> bytes:
        """What the server answers to /models, as it is. Raises ModelError."""
        outcome = await self._wire.get("/models")
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome.content

    async def _first_form_that_works(self, kind: str, forms: Sequence[Form]) -> Completion:
        """Tries forms of a request from the strictest to plain words; remembers what worked."""
        calls: list[CallRecord] = []
        for index in range(self._form_that_worked.get(kind, 0), len(forms)):
            last = index == len(forms) - 1
            try:
                done = await self._call(forms[index], calls)
            except ModelError as error:
                error.calls = tuple(calls)
                if _may_work_in_words(error) and not last:
                    continue
                raise
            if last or forms[index].is_obeyed(done):
                self._form_that_worked[kind] = index
                return replace(done, calls=tuple(calls))
        raise AssertionError("the last form returns or raises")

    async def _call(self, form: Form, calls: list[CallRecord]) -> Completion:
        """One call in its turn, with a record of it. One that fails because the endpoint went
        away waits with the others until it is back, as long as there is patience."""
        may_ask_again = self._retries > 0
        async with self._slots:
            while True:
                await self._admitted()
                heard = self._circuit.heard
                outcome = await self._recorded(form, calls)
                if isinstance(outcome, Completion):
                    return outcome
                if isinstance(outcome, RequestRefused) and await self._adapts_to(
                    outcome, calls[-1].request
                ):
                    continue
                is_slow = isinstance(outcome, NoAnswer) and self._circuit.heard != heard
                if is_slow and may_ask_again:
                    may_ask_again = False
                    continue
                left_alone = outcome.blames_endpoint and self._circuit.is_open
                if not left_alone or self._patience is None:
                    raise outcome
                if self._circuit.pauses > self._patience:
                    raise self._circuit.refusal()

    async def _adapts_to(self, refusal: RequestRefused, sent: Mapping[str, Any]) -> bool:
        """Whether the same may be asked again without what the server refused, or under another
        name. From now on it is asked so at once."""
        found = adaptation_to(refusal, sent)
        if found is None:
            return False
        if found.field not in self.adaptations:
            self.adaptations[found.field] = found
            await self._on_adaptation(found)
        return True

    async def _admitted(self) -> None:
        """Waits while the endpoint is paused. Raises CircuitOpen after too many pauses in a row."""
        while True:
            try:
                return self._circuit.admit()
            except CircuitOpen as error:
                if self._patience is None or self._circuit.pauses > self._patience:
                    raise
                await asyncio.sleep(min(error.retry_after_s, LOOK_AGAIN_S))

    def _reason_for_all(self, error: ModelError, messages: object) -> str:
        """Why the endpoint is paused, as people may read it who must not know yet what was said
        about a text. A server's own words may quote the text that it was asked about; what it
        says alike of two requests is about itself."""
        words, (before, asked) = str(error), self._last_fault
        if words == before and messages != asked:
            self._about_itself = words
        self._last_fault = (words, messages)
        return words if words == self._about_itself else error.server_error

    async def _recorded(self, form: Form, calls: list[CallRecord]) -> Completion | ModelError:
        """Sends the request, with retries, and tells circuit, usage and `calls` what came of it."""
        sent = {"model": self.model, **adapted(form.body, self.adaptations)}
        record = CallRecord(sent, form.name, asked_at=datetime.now(UTC))
        self.usage.calls += 1
        heard = self._circuit.heard
        try:
            outcome, retries = await self._with_retries(sent, form.choices)
        except BaseException:
            self._circuit.abandoned()
            raise
        pauses = self._circuit.pauses
        if isinstance(outcome, ModelError):
            self.usage.failures += 1
            calls.append(
                replace(record, error=str(outcome), retries=retries, latency_ms=outcome.latency_ms)
            )
            if isinstance(outcome, NoAnswer):
                self._circuit.unanswered(str(outcome), heard=heard)
            elif outcome.blames_endpoint:
                self._circuit.failed(self._reason_for_all(outcome, sent["messages"]))
            else:
                self._circuit.succeeded()
        else:
            self.usage.prompt_tokens += outcome.prompt_tokens
            self.usage.completion_tokens += outcome.completion_tokens
            calls.append(
                replace(
                    record,
                    reply=outcome.text,
                    retries=retries,
                    latency_ms=outcome.latency_ms,
                    prompt_tokens=outcome.prompt_tokens,
                    completion_tokens=outcome.completion_tokens,
                    cached_tokens=outcome.cached_tokens,
                )
            )
            self._circuit.succeeded()
        if self._circuit.pauses != pauses:
            await self._on_pause(self._circuit.pause)
        return outcome

    async def _with_retries(
        self, request: dict[str, Any], choices: Sequence[str]
    ) -> tuple[Completion | ModelError, int]:
        """What came of it in the end, and after how many further attempts."""
        attempt = 0
        while True:
            answer = await self._wire.post("/chat/completions", request)
            if isinstance(answer, Body):
                return read_answer(answer.content, answer.latency_ms, choices), attempt
            if not answer.retryable or attempt == self._retries or self._circuit.is_open:
                return answer, attempt
            await asyncio.sleep(self._pause(attempt, answer))
            self.usage.retries += 1
            attempt += 1

    def _pause(self, attempt: int, failure: ModelError) -> float:
        jitter = random.uniform(0, min(MAX_BACKOFF_S, self._backoff_s * 2**attempt))  # noqa: S311
        if isinstance(failure, RateLimited) and failure.retry_after_s is not None:
            # A little later than asked, so that all who wait don't come back in one instant.
            return min(failure.retry_after_s, MAX_RETRY_AFTER_S) + min(jitter, 1.0)
        return jitter


def _may_work_in_words(error: ModelError) -> bool:
    """Whether the same question in another form may get an answer."""
    if isinstance(error, NoText):
        return error.is_reasoning
    return isinstance(error, RequestRefused) and error.blames_form
