"""Reading a chat completion: the part that is used, from servers that differ in the rest."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from webapp.llm.call_record import CallRecord
from webapp.llm.errors import BadAnswer


@dataclass(frozen=True)
class Completion:
    """One answer. `latency_ms` is of the attempt that succeeded, without waiting and retries.

    `choice_logprobs` maps choices to log probabilities (nats) normalised over the choices that the
    server reported; a choice that is missing was too unlikely to be reported. None where no choice
    was asked for or the server's tokens can't be told apart. `calls` are all requests that were
    made for it, oldest first; the last one gave this answer.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    latency_ms: float
    finish_reason: str
    choice_logprobs: dict[str, float] | None = None
    has_logprobs: bool = False
    cached_tokens: int = 0
    calls: tuple[CallRecord, ...] = ()


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


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0, le=2**31 - 1)
    completion_tokens: int = Field(default=0, ge=0, le=2**31 - 1)
    prompt_tokens_details: _PromptDetails | None = None


class _Answer(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_answer(body: bytes, latency_ms: float, choices: Sequence[str]) -> Completion | BadAnswer:
    """What the server said, where it is a chat completion."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        bad = BadAnswer(f"The answer is not a chat completion ({where}: {fault['msg']}).")
        bad.latency_ms = latency_ms
        return bad
    picked, usage = answer.choices[0], answer.usage or _Usage()
    details = usage.prompt_tokens_details or _PromptDetails()
    text = picked.message.content
    # In a longer text the first token is not yet the choice.
    first = _first_token(picked.logprobs) if text.strip() in choices else None
    return Completion(
        text=text,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=min(max(details.cached_tokens or 0, 0), usage.prompt_tokens),
        latency_ms=latency_ms,
        finish_reason=picked.finish_reason or "stop",
        has_logprobs=bool(picked.logprobs and picked.logprobs.content),
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
