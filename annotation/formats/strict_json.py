"""JSON as we accept it from strangers: RFC 8259 and nothing looser, with reasons in words.

Python's own parser takes NaN, repeated keys, half surrogate pairs and U+0000. None of them
survives a round trip through PostgreSQL or RFC 8785, so a record with one is refused.
"""

import json
import math
import re
from typing import Any

from annotation.formats.records import Broken, Limits, RecordRefused

EXCERPT_CHARS = 120

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# The standard library's messages, said so that they read on after "Line is not JSON:".
_MISTAKES = {
    "Expecting ',' delimiter": "expected ','",
    "Expecting ':' delimiter": "expected ':'",
    "Expecting value": "expected a value",
    "Expecting property name enclosed in double quotes": "expected a key in double quotes",
    "Illegal trailing comma before end of object": "one comma too many",
    "Illegal trailing comma before end of array": "one comma too many",
    "Extra data": "more text after the end",
    "Unterminated string starting at": "a text without a closing quote",
    "Invalid control character at": "a control character that is not escaped",
    "Invalid \\escape": "an unknown escape",
    "Invalid \\uXXXX escape": "an unknown escape",
}


def parse(raw: bytes, *, line: int, unit: str, limits: Limits) -> Any | Broken:
    """The value of one record's bytes, or Broken with the reason.

    `unit` is what people call a record of this format: "Line" or "Entry".
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = (
            f"{unit} is not UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start + 1} "
            "can't be read"
        )
        return Broken(line, reason, excerpt(raw, around=error.start))
    if (nul := text.find("\x00")) >= 0:
        return Broken(line, f"{unit} has a NUL byte at column {nul + 1}", excerpt(raw))
    try:
        value = _DECODER.decode(text)
        _check_values(value, limits)
    except json.JSONDecodeError as error:
        reason = f"{unit} is not JSON: {_mistake(error)} at {_place(error)}"
        return Broken(line, reason, excerpt(text, around=error.pos))
    except RecordRefused as refusal:
        return Broken(line, f"{unit} {refusal}", excerpt(text))
    except RecursionError:
        return Broken(line, f"{unit} {_too_deep(limits)}", excerpt(text))
    except ValueError:  # Python refuses to convert integers of thousands of digits
        return Broken(line, f"{unit} has a number of too many digits", excerpt(text))
    return value


def excerpt(source: bytes | str, *, around: int = 0) -> str:
    """About 120 printable characters of `source`, the position `around` among them."""
    start = max(0, around - EXCERPT_CHARS // 2)
    part = source[start : start + EXCERPT_CHARS + 1]
    text = part.decode("utf-8", errors="replace") if isinstance(part, bytes) else part
    shown = "".join(char if char.isprintable() else "\N{MIDDLE DOT}" for char in text.strip())
    return shown[:EXCERPT_CHARS] + ("…" if len(shown) > EXCERPT_CHARS else "")


def _check_values(value: Any, limits: Limits) -> None:
    """Refuse what is nested too deeply and text that a database can't store."""
    pending = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict | list):
            if depth > limits.depth:
                raise RecordRefused(_too_deep(limits))
            pending.extend((child, depth + 1) for child in item)
            if isinstance(item, dict):
                pending.extend((child, depth + 1) for child in item.values())


def _check_text(text: str) -> None:
    if (found := _UNSTORABLE.search(text)) is None:
        return
    code = f"\\u{ord(found[0]):04x}"
    what = "the character" if found[0] == "\x00" else "half a surrogate pair,"
    raise RecordRefused(f"has {what} {code}, which can't be stored as text")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RecordRefused(f'has the key "{excerpt(key)}" twice in one object')
        found[key] = value
    return found


def _number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise RecordRefused(f"has a number that is too large: {excerpt(digits)}")
    return value


def _constant(name: str) -> float:
    raise RecordRefused(f"has {name}, which is not a JSON number")


def _too_deep(limits: Limits) -> str:
    return f"is nested too deeply: at most {limits.depth} levels are read"


def _mistake(error: json.JSONDecodeError) -> str:
    return _MISTAKES.get(error.msg, error.msg[:1].lower() + error.msg[1:])


def _place(error: json.JSONDecodeError) -> str:
    column = f"column {error.colno}"
    return f"line {error.lineno} of it, {column}" if "\n" in error.doc else column


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant
)
