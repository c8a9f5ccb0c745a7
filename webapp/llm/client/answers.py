"""Reading a chat completion: the part that is used, from servers that differ in the rest."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from webapp.llm.call_record import CallRecord
from webapp.llm.errors import BadAnswer, NoText
from webapp.text import storable_json

# What a database keeps of a number.
MAX_TOKENS = 2**31 - 1
MAX_REFUSAL = 300


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


class _Part(BaseModel):
    type: str = ""
    text: str | None = None


class _Message(BaseModel):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    # Two names that servers have for it.
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    # How sure the model was is of use where it can be read; the answer does not depend on it.
    logprobs: Any = None


class _Answer(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    # Costs are counted by it; whether an answer can be used does not depend on it.
    usage: Any = None


def read_answer(body: bytes, latency_ms: float, choices: Sequence[str]) -> Completion | BadAnswer:
    """What the server said, where it is a chat completion with a text."""
    try:
        answer = _Answer.model_validate(storable_json(json.loads(body)))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        return _bad(f"The answer is not a chat completion ({where}: {fault['msg']}).", latency_ms)
    except (ValueError, RecursionError):
        return _bad("The answer is not a chat completion (it is no JSON).", latency_ms)
    picked = answer.choices[0]
    text = _text_of(picked)
    if isinstance(text, NoText):
        text.latency_ms = latency_ms
        return text
    prompt_tokens, completion_tokens, cached_tokens = _counts(answer.usage)
    # In a longer text the first token is not yet the choice.
    logprobs = _logprobs_of(picked)
    first = _first_token(logprobs) if text.strip() in choices else None
    return Completion(
        text=text,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=min(cached_tokens, prompt_tokens),
        latency_ms=latency_ms,
        finish_reason=picked.finish_reason or "stop",
        has_logprobs=bool(logprobs and logprobs.content),
        choice_logprobs=choice_logprobs(first, choices) if first else None,
    )


def _bad(message: str, latency_ms: float) -> BadAnswer:
    bad = BadAnswer(message)
    bad.latency_ms = latency_ms
    return bad


def _text_of(choice: _Choice) -> str | NoText:
    """The text that the model means to be read, or the reason why there is none: the model
    refused, a filter or an error stopped it, or all of it is reasoning."""
    message = choice.message
    content = message.content
    if isinstance(content, list):
        # Other parts are thinking, or pictures and sounds that nobody asked for.
        content = "".join(part.text or "" for part in content if part.type in ("text", ""))
    if choice.finish_reason == "content_filter":
        return NoText("The server’s content filter stopped the answer.")
    if choice.finish_reason == "error":
        return NoText("The server failed in the middle of the answer.")
    if content:
        return content
    if message.refusal:
        return NoText(f"The model refuses to answer: {message.refusal[:MAX_REFUSAL]}")
    if message.reasoning_content or message.reasoning:
        if choice.finish_reason == "length":
            return NoText("The model’s reasoning used up the limit of tokens, so it has no answer.")
        return NoText("The model wrote its reasoning, but no answer.", is_reasoning=True)
    if content is None:
        return NoText("The answer has no text.")
    return content


def _logprobs_of(choice: _Choice) -> _Logprobs | None:
    try:
        return _Logprobs.model_validate(choice.logprobs)
    except ValidationError:
        return None


def _counts(usage: Any) -> tuple[int, int, int]:
    """Tokens of the prompt, of the completion and from the cache; 0 where the server says nothing
    that is a count."""
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return (
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        _count(cached),
    )


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    # Not a number is not at least 0 either.
    return int(min(value, MAX_TOKENS)) if value >= 0 else 0


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
    found = {first.token: first.logprob} | {top.token: top.logprob for top in first.top_logprobs}
    return {token: logprob for token, logprob in found.items() if math.isfinite(logprob)}
