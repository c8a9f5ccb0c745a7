"""Text as a database keeps it, and as Markdown and spreadsheets show it."""

import json
import re
from collections.abc import Iterable
from typing import Any

# What makes a spreadsheet read a cell as a formula (OWASP, CSV injection): white space may stand
# before it, and full-width and small signs are read as the plain ones in some languages.
_FORMULA = re.compile("[\t\r\n]|[\\s\u200b\ufeff]*[-=+@＝＋－＠﹦﹢﹣﹫]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Text that a database keeps. Models write NUL and halves of surrogate pairs too; each
    becomes the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """What JSON was read into, with every text and name in it storable: JSON spells NUL and halves
    of surrogate pairs as escapes, so that they only appear once it is parsed."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): storable_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return value


def read_json(body: bytes) -> Any:
    """JSON that a page sent, storable: half an emoji that was pasted costs nobody their draft.
    Raises ValueError or RecursionError."""
    return storable_json(json.loads(body))


def is_storable(value: Any) -> bool:
    """Whether a database keeps every text and every name in it as it is."""
    return bool(storable_json(value) == value)


def whole_number(text: str) -> int | None:
    """The whole number that a field or an address gives, from 0; None for anything else, and for
    more digits than a database keeps."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def listed(names: Iterable[object], most: int | None = None) -> str:
    """“a”, “a and b”, “a, b and c”; of more than `most`, “a, b and 4 more”."""
    words = [str(name) for name in names]
    if most and len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1:,} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def markdown_line(text: str) -> str:
    """A text that a person typed, as one line that Markdown takes as it is."""
    plain = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|" else char for char in plain)


def spreadsheet_text(text: str) -> str:
    """A text as a cell of a CSV: one that a spreadsheet would run gets a leading apostrophe."""
    return f"'{text}" if _FORMULA.match(text) else text
