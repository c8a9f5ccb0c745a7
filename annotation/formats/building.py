"""From parsed values to records: what all readers share."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from annotation.formats.records import Broken, ParsedDialogue, Record, Refused
from annotation.formats.strict_json import excerpt


def records(
    values: Iterable[tuple[int, bytes, Any | Broken]],
    build: Callable[[Any], ParsedDialogue],
) -> Iterator[Record | Broken]:
    """A Record for each value that `build` accepts, Broken for each that it raises Refused on."""
    for line, raw, value in values:
        if isinstance(value, Broken):
            yield value
            continue
        try:
            dialogue = build(value)
        except Refused as refusal:
            reason = str(refusal)
            yield Broken(line, reason[:1].upper() + reason[1:], excerpt(raw))
        else:
            yield Record(line, dialogue.source_key, dialogue)
