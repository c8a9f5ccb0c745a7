"""The tables that can be exported. Features register theirs in AppConfig.ready, those of other
apps too, so that this app imports none above it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from annotation.exports.columns import Chunk, Column
from webapp.accounts.access import Member
from webapp.errors import Refused

Filters = Mapping[str, str]


class Selection(Protocol):
    """The rows of a table that one person may see, narrowed by filters."""

    @property
    def about(self) -> str:
        """What is selected, as a sentence."""

    def count(self) -> int:
        """How many units there are to read."""

    def chunks(self) -> Iterator[Chunk]:
        """The rows in portions, with a constant number of queries for each."""


@dataclass(frozen=True)
class Choice:
    """A filter that the form offers, to all members if it names no roles. The first value is the
    default."""

    name: str
    label: str
    values: Sequence[tuple[str, str]]
    help: str = ""
    roles: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """`row` says what one row is, `unit` and `units` what is counted while it is written. `roles`
    may export it, all members if empty. `select` gives what a member may see; it raises Http404 for
    an id that the project does not have, and Refused for a value that makes no sense."""

    name: str
    title: str
    row: str
    unit: str
    units: str
    roles: Sequence[str]
    columns: Sequence[Column]
    select: Callable[[Member, Filters], Selection]
    # Filters that a page hands over, and those that a person chooses on the form.
    filters: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    # Paragraphs for the page and the data card: what a reader has to know.
    notes: Sequence[str] = ()
    # Where a table that needs a filter is exported from: the name of a URL, and its link's words.
    place: tuple[str, str] | None = None
    # Why there may be no row though there were units to read.
    empty: str = ""

    @property
    def noun(self) -> str:
        """The title inside of a sentence."""
        return f"{self.title[0].lower()}{self.title[1:]}"

    def is_open_to(self, member: Member) -> bool:
        return not self.roles or member.has(*self.roles)

    @property
    def all_filters(self) -> list[str]:
        return [*self.filters, *(choice.name for choice in self.choices)]


_tables: dict[str, Table] = {}


def register(*tables: Table) -> None:
    _tables.update({table.name: table for table in tables})


def tables() -> list[Table]:
    return list(_tables.values())


def find(name: str) -> Table:
    try:
        return _tables[name]
    except KeyError:
        raise Refused(f"There is no table called {name} to export.", code="table") from None
