"""One request over HTTP: what is sent, how much is read, and what a refusal means in words."""

import asyncio
import email.utils
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from webapp.llm.addresses import AddressRefused
from webapp.llm.client.faults import Fault, fault_in, plain_fault
from webapp.llm.errors import (
    SAID,
    BadAnswer,
    EndpointUnavailable,
    ModelError,
    NoAnswer,
    RateLimited,
    RequestRefused,
)

MAX_SERVER_WORDS = 300
# Far above the longest reply with its logprobs; a server that never ends would fill the memory.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
# A server takes a connection at once, however long its answers take.
CONNECT_S = 10.0
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
class Body:
    """A 200 answer as it came, and how long it took."""

    content: bytes
    latency_ms: float


class Wire:
    """Sends requests to one base URL with one key. No retries, no redirects, no environment."""

    def __init__(
        self, base_url: str, key: str, timeout_s: float, transport: httpx2.AsyncBaseTransport
    ) -> None:
        self._key = key
        self._timeout_s = timeout_s
        self._connect_s = min(CONNECT_S, timeout_s)
        limits = httpx2.Timeout(timeout_s, connect=self._connect_s)
        http = httpx2.AsyncClient(
            transport=transport,
            timeout=limits,
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._keep_needed_headers], "response": [_bound]},
        )
        self._openai = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=key or NO_KEY,
            max_retries=0,
            timeout=limits,
            http_client=http,
        )

    async def close(self) -> None:
        await self._openai.close()

    async def post(self, path: str, body: dict[str, Any]) -> Body | ModelError:
        return await self._send("POST", path, body)

    async def get(self, path: str) -> Body | ModelError:
        return await self._send("GET", path, None)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Body | ModelError:
        started = time.perf_counter()
        outcome = await self._answered(method, path, body)
        latency_ms = (time.perf_counter() - started) * 1000
        if isinstance(outcome, bytes):
            return Body(outcome, latency_ms)
        outcome.latency_ms = latency_ms
        return outcome

    async def _answered(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> bytes | ModelError:
        """Sends one request and returns the answer's body, or why there is none.

        Errors are returned, not raised: raised here, they would carry the package's own error as
        their context, and with it the request's headers and the key.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                # The raw answer: the package would build its types from garbage without a word.
                if method == "POST":
                    answer = await self._openai.post(path, cast_to=httpx2.Response, body=body)
                else:
                    answer = await self._openai.get(path, cast_to=httpx2.Response)
        except (TimeoutError, openai.APITimeoutError) as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                return NoAnswer(f"No connection within {self._connect_s:g} s.")
            return NoAnswer(f"No answer within {self._timeout_s:g} s.")
        except openai.APIStatusError as error:
            header = error.response.headers.get("retry-after")
            fault = fault_in(error.response.content) or plain_fault(error.response.content)
            return self._refusal(error.status_code, fault, retry_after(header))
        except openai.APIConnectionError as error:
            reason = type(error.__cause__).__name__
            words = self._safe(str(error.__cause__ or "")) or "no details"
            return EndpointUnavailable(f"The connection failed ({reason}: {words}).")
        except AddressRefused as error:
            return RequestRefused(str(error))
        except _AnswerRefused as error:
            return BadAnswer(str(error))
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            return RequestRefused(f"The request could not be sent ({type(error).__name__}).")
        return self._read(answer)

    def _read(self, answer: httpx2.Response) -> bytes | ModelError:
        """A gateway answers 200 for a server behind it that failed: its code is in the body."""
        fault = fault_in(answer.content)
        if fault is None:
            return answer.content
        if fault.status is None:
            return BadAnswer(f"The endpoint answers with an error.{self._said(fault)}")
        return self._refusal(fault.status, fault, retry_after(answer.headers.get("retry-after")))

    async def _keep_needed_headers(self, request: httpx2.Request) -> None:
        for name in set(request.headers) - SENT_HEADERS:
            del request.headers[name]
        request.headers["Authorization"] = f"Bearer {self._key or NO_KEY}"
        # What is packed small can unpack to any size.
        request.headers["Accept-Encoding"] = "identity"

    def _refusal(self, status: int, fault: Fault, retry_after_s: float | None) -> ModelError:
        said = self._said(fault)
        if status == 429 and fault.code == "insufficient_quota":
            return RequestRefused(
                f"The account at this endpoint is out of quota.{said}", status=429
            )
        if status == 429:
            return RateLimited(f"The endpoint is busy (429).{said}", retry_after_s=retry_after_s)
        # 408: the server waited too long for something, as a gateway does.
        if status >= 500 or status == 408:
            return EndpointUnavailable(f"The endpoint failed ({status}).{said}", status=status)
        if 300 <= status < 400:
            return RequestRefused(
                f"The endpoint redirects ({status}), and the studio does not follow "
                "redirects. Enter the address that it redirects to.",
                status=status,
            )
        if status == 401:
            return RequestRefused(f"The endpoint refuses the key ({status}).{said}", status=status)
        return RequestRefused(
            f"The endpoint refuses the request ({status}).{said}",
            status=status,
            code=fault.code,
            names=fault.names,
        )

    def _said(self, fault: Fault) -> str:
        words = self._safe(fault.words)
        return f"{SAID}{words}" if words else ""

    def _safe(self, text: str) -> str:
        """A server's words in one line, short, without the key."""
        if self._key:
            text = text.replace(self._key, "[key]")
        return " ".join(text.split())[:MAX_SERVER_WORDS]


async def _bound(response: httpx2.Response) -> None:
    """Read no more of an answer than a completion needs, and nothing that is packed."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _AnswerRefused("The server sent a compressed answer, which the studio does not read.")
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101  (an async client)
    response.stream = _Bounded(response.stream)
    # JSON is UTF-8. Some names that a server may give, such as hex, decode into no text.
    response.encoding = "utf-8"


def retry_after(header: str | None) -> float | None:
    """Seconds to wait from a Retry-After header: a number or a date; None where it is neither."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
