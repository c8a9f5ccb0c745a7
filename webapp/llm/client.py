"""One async client for every model call: simulator, supporter, critic, judge and reward.

It speaks OpenAI's chat completions to any server. Make one `ModelClient` for an endpoint and share
it: the concurrency limit, the circuit and the token counts are its own.
"""

import asyncio
import email.utils
import json
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from webapp.llm.addresses import AddressRefused, guarded_transport

MAX_BACKOFF_S = 20.0
MAX_RETRY_AFTER_S = 60.0
MAX_SERVER_WORDS = 300
# Far above the longest reply with its logprobs; a server that never ends would fill the memory.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
NO_KEY = "none"  # the package insists on a key; servers that need none ignore it
# What a request needs; anything else (organisation, platform, headers from the environment) would
# tell an endpoint about things that are none of its business.
SENT_HEADERS = frozenset(
    [
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
        "content-type",
        "content-length",
        "transfer-encoding",
        "authorization",
    ]
)
# Answers that blame the request itself, not the endpoint.
REQUEST_FAULTS = (400, 413, 422)


class ModelError(Exception):
    """A model call failed. The message is for people and never holds the key.

    `retryable` says whether the same call may succeed later; `status` is the HTTP status, if any.
    """

    retryable = False

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EndpointUnavailable(ModelError):
    """Not reached, no answer in time, or a 5xx answer."""

    retryable = True


class RateLimited(ModelError):
    """429: the server is busy. `retry_after_s` is what it asked for, if it said."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message, status=429)
        self.retry_after_s = retry_after_s


class CircuitOpen(ModelError):
    """Not sent: the endpoint failed repeatedly, the last time for `reason`. It is tried again
    in `retry_after_s`."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float, reason: str = "") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.reason = reason


class RequestRefused(ModelError):
    """The server or the address rules refuse the request; sending it again changes nothing."""

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message, status=status)
        self.code = code

    @property
    def blames_form(self) -> bool:
        """Whether the same question in another form of request may be accepted."""
        return self.status in REQUEST_FAULTS and self.code != "context_length_exceeded"


class BadAnswer(ModelError):
    """The server answered 200 with something that is not a chat completion."""


class _AnswerRefused(Exception):
    """Not read to its end; the message says why."""


class _Bounded(httpx2.AsyncByteStream):
    """An answer's body up to MAX_ANSWER_BYTES."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise _AnswerRefused(f"The answer is larger than {MAX_ANSWER_BYTES // 2**20} MB.")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@dataclass(frozen=True)
class Completion:
    """One answer. `latency_ms` is of the attempt that succeeded, without waiting and retries.

    `choice_logprobs` maps choices to log probabilities (nats) normalised over the choices that the
    server reported; a choice that is missing was too unlikely to be reported. None where no choice
    was asked for or the server's tokens can't be told apart.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    latency_ms: float
    finish_reason: str
    choice_logprobs: dict[str, float] | None = None


@dataclass
class Usage:
    """What an endpoint was used for since the client was made. `failures` counts failed calls."""

    calls: int = 0
    failures: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Circuit:
    """Opens after `threshold` failed calls in a row; after `cooldown_s` it lets one call try."""

    def __init__(
        self, threshold: int, cooldown_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threshold = threshold
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._failures = 0
        self._reason = ""
        self._opened_at: float | None = None
        self._trial = False

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def admit(self) -> None:
        """Raises CircuitOpen, or returns: then `succeeded`, `failed` or `abandoned` must follow."""
        if self._opened_at is None:
            return
        wait = self._opened_at + self._cooldown_s - self._clock()
        if wait <= 0 and not self._trial:
            self._trial = True
            return
        wait = max(wait, 1.0)
        raise CircuitOpen(
            f"This endpoint failed {self._failures} times in a row and is left alone for now; "
            f"it is tried again in {math.ceil(wait)} s. The last failure: {self._reason}",
            retry_after_s=wait,
            reason=self._reason,
        )

    def succeeded(self) -> None:
        self._failures = 0
        self._opened_at = None
        self._trial = False

    def failed(self, reason: str) -> None:
        self._failures += 1
        self._reason = reason
        # A call that began before the circuit opened ends late: it doesn't prolong the pause.
        if self._trial or (not self.is_open and self._failures >= self._threshold):
            self._opened_at = self._clock()
            self._trial = False

    def abandoned(self) -> None:
        self._trial = False


class ModelClient:
    """Asks one model at one endpoint. Use it as `async with`, which closes its connections.

    - `base_url` ends where `/chat/completions` begins; `api_key` may be None.
    - `max_concurrency` requests are under way at once; further calls wait their turn.
    - `timeout_s` is for one attempt; `retries` further attempts follow a 429, a 5xx or a broken
      connection, with full jitter or after the Retry-After that the server asked for (at most
      60 s). Nothing else is retried, redirects are not followed.
    - `circuit_threshold` failed calls in a row open the circuit for `circuit_cooldown_s`.
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
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise ValueError("The key has characters that can't be sent; enter it again.")
        self.base_url = base_url
        self.model = model
        self.usage = Usage()
        self._key = api_key or ""
        self._timeout_s = timeout_s
        self._retries = retries
        self._backoff_s = backoff_s
        self._slots = asyncio.Semaphore(max_concurrency)
        self._circuit = Circuit(circuit_threshold, circuit_cooldown_s)
        self._form_that_worked: dict[str, int] = {}
        http = httpx2.AsyncClient(
            transport=transport or guarded_transport(),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._keep_needed_headers], "response": [_bound]},
        )
        self._openai = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=self._key or NO_KEY,
            max_retries=0,
            timeout=timeout_s,
            http_client=http,
        )

    def __repr__(self) -> str:
        return f"ModelClient({self.base_url!r}, {self.model!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._openai.close()

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
        request = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
        }
        if seed is not None:
            request["seed"] = seed
        if stop:
            request["stop"] = list(stop)
        if schema is not None and choice is not None:
            raise ValueError("ask for a schema or for a choice, not both")
        if schema is not None:
            return await self._first_form_that_works(
                json.dumps(schema, sort_keys=True),
                _schema_forms(request, schema),
                lambda done: done.finish_reason == "length" or _fits(done.text, schema),
            )
        if choice is not None:
            return await self._first_form_that_works(
                "choice",
                _choice_forms(request, choice),
                lambda done: done.text.strip() in choice,
                choices=choice,
            )
        return await self._call(request)

    async def _first_form_that_works(
        self,
        kind: str,
        forms: Sequence[dict],
        is_obeyed: Callable[[Completion], bool],
        choices: Sequence[str] = (),
    ) -> Completion:
        """Tries forms of a request from the strictest to plain words; remembers what worked."""
        start = self._form_that_worked.get(kind, 0)
        for index in range(start, len(forms)):
            last = index == len(forms) - 1
            try:
                done = await self._call(forms[index], choices)
            except RequestRefused as error:
                if last or not error.blames_form:
                    raise
                continue
            if last or is_obeyed(done):
                self._form_that_worked[kind] = index
                return done
        raise AssertionError("the last form returns or raises")

    async def _call(self, request: dict, choices: Sequence[str] = ()) -> Completion:
        async with self._slots:
            self._circuit.admit()
            self.usage.calls += 1
            try:
                done = await self._with_retries(request, choices)
            except ModelError as error:
                self.usage.failures += 1
                if isinstance(error, RateLimited) or error.status in REQUEST_FAULTS:
                    self._circuit.succeeded()
                else:
                    self._circuit.failed(str(error))
                raise
            except BaseException:
                self._circuit.abandoned()
                raise
            self._circuit.succeeded()
            return done

    async def _with_retries(self, request: dict, choices: Sequence[str]) -> Completion:
        attempt = 0
        while True:
            outcome = await self._attempt(request, choices)
            if isinstance(outcome, Completion):
                return outcome
            if not outcome.retryable or attempt == self._retries or self._circuit.is_open:
                raise outcome
            await asyncio.sleep(self._pause(attempt, outcome))
            self.usage.retries += 1
            attempt += 1

    def _pause(self, attempt: int, failure: ModelError) -> float:
        jitter = random.uniform(0, min(MAX_BACKOFF_S, self._backoff_s * 2**attempt))  # noqa: S311
        if isinstance(failure, RateLimited) and failure.retry_after_s is not None:
            # A little later than asked, so that all who wait don't come back in one instant.
            return min(failure.retry_after_s, MAX_RETRY_AFTER_S) + min(jitter, 1.0)
        return jitter

    async def _attempt(self, request: dict, choices: Sequence[str]) -> Completion | ModelError:
        """Sends one request and returns what came of it.

        Errors are returned, not raised: raised here, they would carry the package's own error as
        their context, and with it the request's headers and the key.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                # The raw answer: the package would build its types from garbage without a word.
                answer = await self._openai.post(
                    "/chat/completions", cast_to=httpx2.Response, body=request
                )
        except (TimeoutError, openai.APITimeoutError):
            return EndpointUnavailable(f"No answer within {self._timeout_s:g} s.")
        except openai.APIStatusError as error:
            return self._refusal(error)
        except openai.APIConnectionError as error:
            reason = type(error.__cause__).__name__
            words = self._safe(str(error.__cause__ or "")) or "no further words"
            return EndpointUnavailable(f"The connection failed ({reason}: {words}).")
        except AddressRefused as error:
            return RequestRefused(str(error))
        except _AnswerRefused as error:
            return BadAnswer(str(error))
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            return RequestRefused(f"The request could not be sent ({type(error).__name__}).")
        latency_ms = (time.perf_counter() - started) * 1000
        outcome = _read(answer.content, latency_ms, choices)
        if isinstance(outcome, Completion):
            self.usage.prompt_tokens += outcome.prompt_tokens
            self.usage.completion_tokens += outcome.completion_tokens
        return outcome

    async def _keep_needed_headers(self, request: httpx2.Request) -> None:
        for name in set(request.headers) - SENT_HEADERS:
            del request.headers[name]
        request.headers["Authorization"] = f"Bearer {self._key or NO_KEY}"
        # What is packed small can unpack to any size.
        request.headers["Accept-Encoding"] = "identity"

    def _refusal(self, error: openai.APIStatusError) -> ModelError:
        status = error.status_code
        words = self._safe(_server_words(error))
        said = f" It said: {words}" if words else ""
        if status == 429 and error.code == "insufficient_quota":
            return RequestRefused(f"The account at this endpoint is used up.{said}", status=429)
        if status == 429:
            return RateLimited(
                f"The endpoint is busy (429).{said}",
                retry_after_s=_retry_after(error.response.headers.get("retry-after")),
            )
        if status >= 500:
            return EndpointUnavailable(f"The endpoint failed ({status}).{said}", status=status)
        if 300 <= status < 400:
            return RequestRefused(
                f"The endpoint redirects ({status}); redirects are not followed. Enter the address "
                "that it leads to.",
                status=status,
            )
        if status in (401, 403):
            return RequestRefused(f"The endpoint refuses the key ({status}).{said}", status=status)
        return RequestRefused(
            f"The endpoint refuses the request ({status}).{said}", status=status, code=error.code
        )

    def _safe(self, text: str) -> str:
        """A server's words in one line, short, without the key."""
        if self._key:
            text = text.replace(self._key, "[key]")
        return " ".join(text.split())[:MAX_SERVER_WORDS]


async def _bound(response: httpx2.Response) -> None:
    """Read no more of an answer than a completion needs, and nothing that is packed."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _AnswerRefused("The answer comes compressed, which was not asked for.")
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101  (an async client)
    response.stream = _Bounded(response.stream)


class _TopLogprob(BaseModel):
    token: str
    logprob: float


class _TokenLogprob(_TopLogprob):
    top_logprobs: list[_TopLogprob] = []


class _Logprobs(BaseModel):
    content: list[_TokenLogprob] | None = None


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(BaseModel):
    """The part of a chat completion that is used; servers differ in the rest."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def _read(body: bytes, latency_ms: float, choices: Sequence[str]) -> Completion | BadAnswer:
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        return BadAnswer(f"The answer is not a chat completion ({where}: {fault['msg']}).")
    picked, usage = answer.choices[0], answer.usage or _Usage()
    text = picked.message.content
    # In a longer text the first token is not yet the choice.
    first = _first_token(picked.logprobs) if text.strip() in choices else None
    return Completion(
        text=text,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        latency_ms=latency_ms,
        finish_reason=picked.finish_reason or "stop",
        choice_logprobs=choice_logprobs(first, choices) if first else None,
    )


def choice_logprobs(
    alternatives: Mapping[str, float], choices: Sequence[str]
) -> dict[str, float] | None:
    """Log probabilities (nats) of choices, normalised over those that were reported.

    `alternatives` are the logprobs of the first token's alternatives. A token counts for the one
    choice that it begins or spells; the result is None where a token could begin two choices that
    are not both reported whole.
    """
    spelled = {token.strip() for token in alternatives}
    highest = max(alternatives.values(), default=0.0)
    weights: dict[str, float] = {}
    for token, logprob in alternatives.items():
        begun = [c for c in choices if token.strip() and c.startswith(token.strip())]
        if token.strip() in begun and all(c in spelled for c in begun):
            begun = [token.strip()]
        if len(begun) > 1:
            return None
        if begun:
            weights[begun[0]] = weights.get(begun[0], 0.0) + math.exp(logprob - highest)
    total = sum(weights.values())
    if total == 0:
        return None
    return {c: math.log(weights[c] / total) for c in choices if weights.get(c)}


def _first_token(logprobs: _Logprobs | None) -> dict[str, float] | None:
    if logprobs is None or not logprobs.content:
        return None
    first = logprobs.content[0]
    return {first.token: first.logprob} | {top.token: top.logprob for top in first.top_logprobs}


def _schema_forms(request: dict, schema: Mapping[str, Any]) -> list[dict]:
    strict = {"name": "answer", "schema": dict(schema), "strict": True}
    words = (
        "Answer with one JSON object and nothing else. It must follow this JSON schema:\n"
        + json.dumps(schema)
    )
    return [
        {**request, "response_format": {"type": "json_schema", "json_schema": strict}},
        {**request, "messages": _with_instruction(request["messages"], words)},
    ]


def _choice_forms(request: dict, choices: Sequence[str]) -> list[dict]:
    logprobs = {"logprobs": True, "top_logprobs": 20}
    words = "Answer with exactly one of these and nothing else: " + ", ".join(choices)
    asked = {**request, "messages": _with_instruction(request["messages"], words)}
    return [
        {**request, **logprobs, "structured_outputs": {"choice": list(choices)}},
        {**asked, **logprobs},
        asked,
    ]


def _with_instruction(messages: Sequence[dict], words: str) -> list[dict]:
    """Adds words to the system message: it comes first, so that servers can cache the prefix."""
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{words}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether the text is a JSON object with the keys that the schema requires."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and set(schema.get("required", ())) <= set(value)


def _server_words(error: openai.APIStatusError) -> str:
    if isinstance(error.body, dict):
        return str(error.body.get("message") or "")
    words = error.response.text
    return "" if words.lstrip().startswith("<") else words


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait from a Retry-After header: a number or a date; None where it is neither."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
