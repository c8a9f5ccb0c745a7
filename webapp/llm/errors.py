"""What can go wrong when a model is asked, in words for people. No message ever holds the key."""

import re

from webapp.llm.call_record import CallRecord

# Before the server's own words.
SAID = " It said: "
# Answers that blame the request itself, not the endpoint.
REQUEST_FAULTS = (400, 413, 422)
# Also what a gateway answers whose moderation or law refuses one text.
_TEXT_FAULTS = (*REQUEST_FAULTS, 403, 451)
# How servers say that a prompt is longer than the model's context.
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|(?:maximum|max) (?:context|sequence|prompt)|prompt is too long"
    r"|too many (?:input )?tokens",
    re.IGNORECASE,
)


class ModelError(Exception):
    """A model call failed.

    `retryable` says whether the same call may succeed later, `blames_endpoint` whether it counts
    against the endpoint, as opposed to this request or its answer; `status` is the HTTP status,
    if any; `latency_ms` is of the last attempt; `calls` are the requests that were made for it,
    oldest first.
    """

    retryable = False
    calls: tuple[CallRecord, ...] = ()

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.latency_ms: float | None = None

    @property
    def blames_endpoint(self) -> bool:
        return self.status not in _TEXT_FAULTS

    @property
    def server_error(self) -> str:
        """What may be told to people who must not know yet what was said about a text: the
        message where it is about the server, whatever it was asked, else empty. The body of a
        server that breaks down may quote the text that broke it, so its words are left out."""
        if not self.blames_endpoint:
            return ""
        return str(self).partition(SAID)[0] if self.retryable else str(self)


class EndpointUnavailable(ModelError):
    """Not reached, no answer in time, or a 5xx answer."""

    retryable = True


class NoAnswer(EndpointUnavailable):
    """Nothing came within the time limit. It is not sent again at once: a server that says nothing
    would hold its worker for the whole time limit once more."""

    retryable = False


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
    """The server or the address rules refuse the request; sending it again changes nothing. `names`
    are the fields of the request that the server names."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, status=status)
        self.code = code
        self.names = names

    @property
    def blames_form(self) -> bool:
        """Whether the same question in another form of request may be accepted."""
        return self.status in REQUEST_FAULTS and not self.is_too_long

    @property
    def is_too_long(self) -> bool:
        """Whether the prompt and its answer are more than the model's context holds."""
        is_said = self.code == "context_length_exceeded" or _TOO_LONG.search(str(self)) is not None
        return self.status in REQUEST_FAULTS and is_said


class BadAnswer(ModelError):
    """The server answered 200 with something that is not a chat completion. The next text may get
    one: this counts against the text."""

    @property
    def blames_endpoint(self) -> bool:
        return False


class NoText(BadAnswer):
    """A chat completion without a text to read. `is_reasoning`: the model only thought aloud, and
    may answer when it is asked in other words."""

    def __init__(self, message: str, *, is_reasoning: bool = False) -> None:
        super().__init__(message)
        self.is_reasoning = is_reasoning
