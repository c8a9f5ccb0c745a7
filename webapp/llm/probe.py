"""What a server can do, found out by asking it. Pure: rows and pages are its callers' business.

Each question is put in one form only, so that the answer shows whether the server does what it
was asked for, takes no notice of it, or refuses it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from webapp.llm.call_record import CallRecord
from webapp.llm.client import Completion, Form, ModelClient, choice_forms, plain_form, schema_forms
from webapp.llm.errors import ModelError, RequestRefused
from webapp.llm.wrappers import unwrapped

Support = Literal["yes", "no", "ignored", "unknown"]

READY = {"role": "user", "content": "Answer with the one word: ready"}
WORDS = {"role": "user", "content": "Write three random words."}
# Plain words would not give these by themselves: who answers so was constrained to it.
SCHEMA = {
    "type": "object",
    "properties": {"k7": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["k7"],
    "additionalProperties": False,
}
CHOICES = ("q41", "z93")
TOKENS = 24
# Letters that are kept of the first answer; a server need not heed the limit of tokens.
MAX_REPLY = 500
# Letters that are kept of the name of a model that it lists.
MAX_NAME = 100
# In tokens; far above the longest of today. A larger number is a mistake of the server.
MAX_CONTEXT = 1_000_000_000


@dataclass(frozen=True)
class Capability:
    """`said` is why not, or what more there is to know."""

    support: Support
    said: str = ""


@dataclass
class Findings:
    """What one test found. `error` says why the server could not be asked at all; then nothing
    is known of its capabilities. `context_length` is in tokens, None where it does not tell."""

    reply: str = ""
    latency_ms: float | None = None
    error: str = ""
    context_length: int | None = None
    capabilities: dict[str, Capability] = field(default_factory=dict)
    calls: list[CallRecord] = field(default_factory=list)


class _Model(BaseModel):
    id: str
    # vLLM's name, and that of other servers.
    max_model_len: Any = None
    context_length: Any = None


class _Models(BaseModel):
    data: list[_Model]


async def probe(client: ModelClient) -> Findings:
    """Ask the server for one word, then for what it supports."""
    found = Findings()
    try:
        done = await client.ask(plain_form(_body([READY])))
    except ModelError as error:
        found.error = str(error)
        found.calls += error.calls
        return found
    found.reply, found.latency_ms = done.text[:MAX_REPLY], done.latency_ms
    found.calls += done.calls
    found.capabilities["models"], found.context_length = await _listed(client)
    found.capabilities["schema"] = await _schema(client, found.calls)
    found.capabilities["choice"] = await _choice(client, found.calls)
    found.capabilities["logprobs"] = await _logprobs(client, found.calls)
    found.capabilities["seed"] = await _seed(client, found.calls)
    return found


async def _listed(client: ModelClient) -> tuple[Capability, int | None]:
    try:
        models = _Models.model_validate_json(await client.models()).data
    except (ModelError, ValidationError) as error:
        said = str(error) if isinstance(error, ModelError) else "It does not answer with a list."
        return Capability("no", said), None
    named = [model for model in models if model.id == client.model]
    if not named:
        listed = ", ".join(model.id[:MAX_NAME] for model in models[:10]) or "none"
        return Capability("no", f"“{client.model}” is not in its list of models: {listed}."), None
    lengths = (named[0].max_model_len, named[0].context_length)
    return Capability("yes"), next((each for each in lengths if _is_length(each)), None)


def _is_length(value: Any) -> bool:
    """Whether a server's number can be the length of a context, in tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_CONTEXT


async def _schema(client: ModelClient, calls: list[CallRecord]) -> Capability:
    form = schema_forms(_body([READY]), SCHEMA)[0]
    done = await _asked(client, form, calls)
    if isinstance(done, Capability):
        return done
    try:
        value = json.loads(unwrapped(done.text))
    except (ValueError, RecursionError):
        value = None
    obeyed = isinstance(value, dict) and list(value) == ["k7"]
    return Capability("yes") if obeyed else Capability("ignored")


async def _choice(client: ModelClient, calls: list[CallRecord]) -> Capability:
    body = choice_forms(_body([READY]), CHOICES)[0].body
    body = {key: value for key, value in body.items() if "logprobs" not in key}
    done = await _asked(client, plain_form(body), calls)
    if isinstance(done, Capability):
        return done
    return Capability("yes" if done.text.strip() in CHOICES else "ignored")


async def _logprobs(client: ModelClient, calls: list[CallRecord]) -> Capability:
    body = _body([READY], logprobs=True, top_logprobs=5)
    done = await _asked(client, plain_form(body), calls)
    if isinstance(done, Capability):
        return done
    if left_out := client.adaptations.get("logprobs") or client.adaptations.get("top_logprobs"):
        return Capability("no", left_out.said)
    return Capability("yes" if done.has_logprobs else "ignored")


async def _seed(client: ModelClient, calls: list[CallRecord]) -> Capability:
    """The same seed twice, at a high temperature: the same words, or not."""
    said: list[str] = []
    for _ in range(2):
        form = plain_form(_body([WORDS], temperature=1.5, seed=7))
        done = await _asked(client, form, calls)
        if isinstance(done, Capability):
            return done
        if left_out := client.adaptations.get("seed"):
            return Capability("no", left_out.said)
        said.append(done.text)
    return Capability("yes" if said[0] == said[1] else "ignored")


async def _asked(
    client: ModelClient, form: Form, calls: list[CallRecord]
) -> Completion | Capability:
    """The answer to one form; "no" where the server refuses it, "unknown" where it failed."""
    try:
        done = await client.ask(form)
    except ModelError as error:
        calls += error.calls
        refused = isinstance(error, RequestRefused) and error.blames_form
        return Capability("no" if refused else "unknown", str(error))
    calls += done.calls
    return done


def _body(messages: Sequence[dict[str, str]], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), "max_tokens": TOKENS, "temperature": 0.0, **more}
