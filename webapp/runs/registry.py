"""The kinds of run there are. Apps register theirs in AppConfig.ready, so that the shared
ground imports no app."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.accounts.access import Member
from webapp.errors import Refused
from webapp.runs.models import Run

# The live part of a run's page as HTML for one member, or several parts: the partials that the
# page includes. Each is one element with an `id` and `hx-swap-oob`. A part is sent when it
# changed, so what a person holds open or has the focus in stays while nothing in it changes.
Render = Callable[[Run, Member], str | Sequence[str]]
# Units done and units in all, counted from rows; None in all where it is not known yet.
Progress = Callable[[Any], tuple[int, int | None]]


@dataclass(frozen=True)
class Kind:
    model: type[Run]
    render: Render
    # Who may watch it, as roles.
    roles: tuple[str, ...]
    # What lists of runs show beside the status, and where the run's page is.
    progress: Progress | None = None
    url: Callable[[Run], str] | None = None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.model.kind] = kind


def kinds() -> list[Kind]:
    return list(_kinds.values())


def find(name: str) -> Kind:
    try:
        return _kinds[name]
    except KeyError:
        raise Refused(f"There is no kind of run called {name}.", code="unknown_kind") from None
