"""The kinds of run there are, and what else is followed live. Apps register theirs in
AppConfig.ready, so that the shared ground imports no app."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from webapp.accounts.access import Member
from webapp.errors import Refused
from webapp.runs.models import Run

# The live part of a run's page as HTML for one member, or several parts: the partials that the
# page includes. Each is one element with an `id` and `hx-swap-oob`. A part is sent when it
# changed, so what a person holds open or has the focus in stays while nothing in it changes.
Render = Callable[[Run, Member], str | Sequence[str]]
# Units done and units in all of each run, counted from rows; None in all where it is not known
# yet. Several runs of the kind at once cost as many queries as one.
Progress = Callable[[Sequence[Any]], Mapping[UUID, tuple[int, int | None]]]
# Where the page of a run is.
Page = Callable[[Run], str]


@dataclass(frozen=True)
class Kind:
    model: type[Run]
    render: Render
    url: Page
    # Who may watch it; who may start it, stop it and let it go on. As roles.
    readers: tuple[str, ...]
    starters: tuple[str, ...]
    # What lists of runs show beside the status.
    progress: Progress | None = None
    # Whether a run that ended early can go on, and which of some runs left something out that
    # can be tried again.
    goes_on: bool = True
    left_out: Callable[[Sequence[Any]], Container[UUID]] | None = None
    # Raises Refused where a run can't go on, as when what it pins is not there any more.
    require: Callable[[Any], None] | None = None
    # Whether the page of a run that has ended still changes, as while its result is measured.
    still_changes: Callable[[Any], bool] | None = None
    # Whether lists of runs show it: what belongs to another page is seen there.
    is_listed: bool = True
    # Whether it is for the person who started it alone: it is 404 for everybody else.
    is_personal: bool = False


@dataclass(frozen=True)
class Topic:
    """Something other than a run whose page follows it live. `project_of` raises
    ObjectDoesNotExist, `render` Http404 where the member may not see it (any more)."""

    name: str
    roles: tuple[str, ...]
    project_of: Callable[[UUID], UUID]
    render: Callable[[UUID, Member], str]


def page(name: str, **arguments: str) -> Page:
    """The page with this URL name. `arguments`: which attribute of the run each argument of the
    URL is; without any, the URL has the run's own id as `run_id`."""
    attributes = arguments or {"run_id": "pk"}

    def url(run: Run) -> str:
        given = {argument: getattr(run, name) for argument, name in attributes.items()}
        return reverse(name, kwargs={"project_id": run.project_id, **given})

    return url


_kinds: dict[str, Kind] = {}
_topics: dict[str, Topic] = {}


def register(kind: Kind) -> None:
    _kinds[kind.model.kind] = kind


def register_topic(topic: Topic) -> None:
    _topics[topic.name] = topic


def topics() -> list[Topic]:
    return list(_topics.values())


def find_topic(name: str) -> Topic | None:
    return _topics.get(name)


def kinds() -> list[Kind]:
    return list(_kinds.values())


def find(name: str) -> Kind:
    try:
        return _kinds[name]
    except KeyError:
        raise Refused(f"There is no kind of run called {name}.", code="unknown_kind") from None
