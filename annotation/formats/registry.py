"""The formats that an upload may have, by name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from annotation.formats import epitome, esconv, kardiabench
from annotation.formats.json_files import count_entries, count_lines
from annotation.formats.records import Broken, Record


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: its label for people, what it calls a record, how to know, count and read it."""

    name: str
    label: str
    unit: str  # "Line" or "Entry", which a record's number counts
    keys: tuple[str, ...]  # each stands in the first bytes of any file of this format
    read: Callable[[BinaryIO], Iterator[Record | Broken]]
    count: Callable[[BinaryIO], int]  # how many records `read` yields, good and broken


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader(
            "kardiabench",
            "KardiaBench (JSON Lines)",
            "Line",
            ("person",),
            kardiabench.read,
            count_lines,
        ),
        Reader(
            "epitome",
            "EPITOME (JSON Lines)",
            "Line",
            ("seeker_id", "seeker_post"),
            epitome.read,
            count_lines,
        ),
        Reader(
            "esconv",
            "ESConv (JSON)",
            "Entry",
            ("situation", "dialog"),
            esconv.read,
            count_entries,
        ),
    )
}


def detect(first_bytes: bytes) -> str | None:
    """The name of the format whose keys stand in a file's first bytes (4,096 are plenty), or None.

    Only a suggestion for the form: the reader decides, record by record.
    """
    keys = {match[1].decode() for match in re.finditer(rb'"(\w+)"\s*:', first_bytes)}
    names = [reader.name for reader in READERS.values() if keys.issuperset(reader.keys)]
    return names[0] if len(names) == 1 else None
