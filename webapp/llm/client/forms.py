"""The forms in which one question can be put to a server, from the strictest to plain words."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.llm.client.answers import Completion
from webapp.llm.wrappers import unwrapped

TOP_LOGPROBS = 20


@dataclass(frozen=True)
class Form:
    """One way to ask: the body of the request, and whether an answer does what it asked for.

    An answer may be one of `choices`, where there are any.
    """

    name: str
    body: dict[str, Any]
    is_obeyed: Callable[[Completion], bool] = lambda done: True
    choices: Sequence[str] = ()


def plain_form(body: dict[str, Any]) -> Form:
    return Form("plain", body)


def schema_forms(body: dict[str, Any], schema: Mapping[str, Any]) -> list[Form]:
    """The answer as JSON of this schema: by `response_format`, else asked for in words."""
    strict = {"name": "answer", "schema": dict(schema), "strict": True}
    words = (
        "Answer with one JSON object and nothing else. It must follow this JSON schema:\n"
        + json.dumps(schema)
    )

    def is_obeyed(done: Completion) -> bool:
        # What was cut for length may have been on its way to a valid end.
        return done.finish_reason == "length" or fits(done.text, schema)

    by_format = {"response_format": {"type": "json_schema", "json_schema": strict}}
    return [
        Form("schema", {**body, **by_format}, is_obeyed),
        Form("schema in words", {**body, "messages": with_words(body["messages"], words)}),
    ]


def choice_forms(body: dict[str, Any], choices: Sequence[str]) -> list[Form]:
    """One of these texts with logprobs: by vLLM's `structured_outputs`, else asked for in words."""
    logprobs = {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    words = "Answer with exactly one of these and nothing else: " + ", ".join(choices)
    asked = {**body, "messages": with_words(body["messages"], words)}
    constrained = {**body, **logprobs, "structured_outputs": {"choice": list(choices)}}

    def is_obeyed(done: Completion) -> bool:
        return done.text.strip() in choices

    return [
        Form("choice", constrained, is_obeyed, choices),
        Form("choice in words", {**asked, **logprobs}, is_obeyed, choices),
        Form("choice in words, no logprobs", asked, choices=choices),
    ]


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether the text is a JSON object with the keys that the schema requires."""
    try:
        value = json.loads(unwrapped(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and set(schema.get("required", ())) <= set(value)


def with_words(messages: Sequence[Mapping[str, str]], words: str) -> list[dict[str, str]]:
    """Adds words to the system message: it comes first, so that servers can cache the prefix."""
    rest = [dict(message) for message in messages]
    if rest and rest[0]["role"] == "system":
        first = {**rest[0], "content": f"{rest[0]['content']}\n\n{words}"}
        return [first, *rest[1:]]
    return [{"role": "system", "content": words}, *rest]
