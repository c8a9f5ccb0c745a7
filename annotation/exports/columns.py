"""What a table of an export consists of: documented columns, and rows as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Type = Literal["text", "integer", "number", "time", "list"]

# {name of a column: value}: str, int, float, an aware datetime, None, or for a list column a list
# of such mappings.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """`meaning` is one sentence without its full stop. A `list` column holds records with the
    columns `parts`. Every value may be missing (None) but a list, which is empty then."""

    name: str
    type: Type
    meaning: str
    parts: tuple["Column", ...] = ()


@dataclass(frozen=True)
class Chunk:
    """A portion of a table: how many units it read, and its rows, each with its split. The split
    is "" where the table has none."""

    units: int
    rows: Sequence[tuple[str, Row]]


def text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning)


def integer(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning)


def number(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning)


def time(name: str, meaning: str) -> Column:
    return Column(name, "time", meaning)


def records(name: str, meaning: str, *parts: Column) -> Column:
    return Column(name, "list", meaning, parts)


def messages(name: str, meaning: str) -> Column:
    """Chat messages as TRL reads them."""
    return records(
        name,
        meaning,
        text("role", "system, user or assistant"),
        text("content", "What is said"),
    )
