"""What one request to a model was and what came of it. Pure, and light to import."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class CallRecord:
    """One request as it was sent, and what came back: a reply or an error.

    `form` names the way it asked (plain, schema, choice, ...). `retries` further attempts followed
    the first; `latency_ms` is of the last one alone. `cached_tokens` are those of the prompt that
    the server says it had in its cache. `asked_at` is None where nobody looked at a clock.
    """

    request: dict[str, Any]
    form: str = ""
    reply: str = ""
    error: str = ""
    retries: int = 0
    latency_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    asked_at: datetime | None = None
