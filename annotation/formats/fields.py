"""Typed access to the fields of a parsed record; each raises RecordRefused with a sentence.

`name` is how the sentence calls the value: a column in quotes, or words such as "message 3".
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from annotation.formats.records import Broken, Limits, ParsedDialogue, Record, RecordRefused
from annotation.formats.strict_json import excerpt
from rubrics.core.numbers import whole
from rubrics.core.text import canon


def as_object(value: Any, name: str) -> dict[str, Any]:
    """`value`, known to be a JSON object."""
    if not isinstance(value, dict):
        raise RecordRefused(f"{name} should be an object, but is {_kind(value)}")
    return value


def as_list(value: Any, name: str) -> list[Any]:
    """`value`, known to be a JSON list."""
    if not isinstance(value, list):
        raise RecordRefused(f"{name} should be a list, but is {_kind(value)}")
    return value


def as_text(value: Any, name: str) -> str:
    """`value`, known to be text that says something."""
    if not isinstance(value, str):
        raise RecordRefused(f"{name} should be text, but is {_kind(value)}")
    if not canon(value):
        raise RecordRefused(f"{name} is empty")
    return value


def optional_text(row: dict[str, Any], name: str, at_most: int | None = None) -> str:
    """The canonical text of a column; a column that is absent or null is empty."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordRefused(f'"{name}" should be text, but is {_kind(value)}')
    text = canon(value)
    if at_most is not None and len(text) > at_most:
        raise RecordRefused(f'"{name}" has {len(text):,} characters; at most {at_most} are read')
    return text


def required(row: dict[str, Any], name: str) -> Any:
    """The value of a column that the format can't do without."""
    if name not in row:
        raise RecordRefused(f'"{name}" is missing')
    return row[name]


def required_text(row: dict[str, Any], name: str) -> str:
    """The text, as it stands there, of a column that the format can't do without."""
    return as_text(required(row, name), f'"{name}"')


def as_level(value: Any, name: str, low: int, high: int) -> int:
    """`value`, known to be a whole number of a scale."""
    level = whole(value)
    if level is None:
        raise RecordRefused(f"{name} should be a whole number, but is {_kind(value)}")
    if not low <= level <= high:
        raise RecordRefused(f"{name} should be {low} to {high}, but is {level}")
    return level


def check_turn_count(turns: list[Any], name: str, limits: Limits) -> None:
    """Refuse a dialogue without turns or with more than the limit."""
    if not turns:
        raise RecordRefused(f"{name} is empty")
    if len(turns) > limits.turns:
        raise RecordRefused(f"{name} has {len(turns):,} turns; at most {limits.turns:,} are read")


def _check_lengths(dialogue: ParsedDialogue, limits: Limits) -> None:
    """Refuse a text that nobody could read on a page, whatever format it comes from."""
    texts = [("the situation", dialogue.situation), ("the profile", dialogue.profile_text)]
    texts += [(f"turn {number}", turn.raw) for number, turn in enumerate(dialogue.turns, start=1)]
    for name, text in texts:
        if len(text) > limits.text_chars:
            raise RecordRefused(
                f"{name} has {len(text):,} characters; at most {limits.text_chars:,} are read"
            )


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", dict: "an object", type(None): "missing"}
    return names[type(value)]


def records(
    values: Iterable[tuple[int, bytes, Any | Broken]],
    build: Callable[[Any], ParsedDialogue],
    limits: Limits,
) -> Iterator[Record | Broken]:
    """A Record for each value that `build` accepts, and Broken for each that it refuses."""
    for line, raw, value in values:
        if isinstance(value, Broken):
            yield value
            continue
        try:
            dialogue = build(value)
            _check_lengths(dialogue, limits)
        except RecordRefused as refusal:
            reason = str(refusal)
            yield Broken(line, reason[:1].upper() + reason[1:], excerpt(raw))
        else:
            yield Record(line, dialogue.source_key, dialogue)
