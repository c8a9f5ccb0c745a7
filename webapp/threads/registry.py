"""What can be talked about. Apps register their kinds of object in AppConfig.ready, so that the
shared ground imports no app."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from webapp.accounts.access import Member


@dataclass(frozen=True)
class Kind:
    """A kind of object. `require_seen` raises Http404 where the member may not see the object
    now, or not what others say about it yet: it is asked before every read, write and live
    message."""

    name: str
    # Who takes part, as roles.
    roles: tuple[str, ...]
    # Raises ObjectDoesNotExist.
    project_of: Callable[[UUID], UUID]
    require_seen: Callable[[Member, UUID], None]
    # Places in the object in words (“Empathy, level 3”); without those that it can't have.
    places: Callable[[Member, UUID, Collection[str]], Mapping[str, str]]

    def place(self, member: Member, object_id: UUID, anchor: str) -> str | None:
        """One place in words; None for no place of such an object."""
        return self.places(member, object_id, [anchor]).get(anchor)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def find(name: str) -> Kind:
    try:
        return _kinds[name]
    except KeyError:
        raise Http404 from None
