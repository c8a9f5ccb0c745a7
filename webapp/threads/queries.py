"""Reads about threads: how many are open where, and those of one place as the panel shows them."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max

from webapp.accounts.access import Member
from webapp.threads import access, registry
from webapp.threads.models import Comment, Thread


@dataclass(frozen=True)
class Panel:
    """The threads of one place of an object."""

    kind: str
    object_id: UUID
    anchor: str
    place: str
    open: list[Thread]
    resolved: list[Thread]


def panel(member: Member, kind: str, object_id: UUID, anchor: str) -> Panel | None:
    """None where the object has no such place."""
    found = access.threads_on(member, kind, object_id).filter(anchor=anchor)
    place = registry.find(kind).place(member, object_id, anchor)
    if place is None:
        return None
    threads = list(found)
    return Panel(
        kind=kind,
        object_id=object_id,
        anchor=anchor,
        place=place,
        open=[thread for thread in threads if thread.is_open],
        resolved=[thread for thread in threads if not thread.is_open],
    )


@dataclass(frozen=True)
class OpenPlace:
    """A place of an object with the threads that are open there, oldest first."""

    anchor: str
    place: str
    threads: list[Thread]


def open_places(member: Member, kind: str, object_id: UUID) -> list[OpenPlace]:
    """Where something is open, the places in the order in which they were first spoken of."""
    by_anchor: dict[str, list[Thread]] = {}
    for thread in access.threads_on(member, kind, object_id).filter(resolved_at=None):
        by_anchor.setdefault(thread.anchor, []).append(thread)
    places = registry.find(kind).places(member, object_id, list(by_anchor))
    return [OpenPlace(anchor, places[anchor], found) for anchor, found in by_anchor.items()]


@dataclass(frozen=True)
class Signal:
    """How many threads are open, by place. `stamp` changes whenever anything in them does."""

    kind: str
    object_id: UUID
    counts: dict[str, int]
    stamp: str

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def signal(member: Member, kind: str, object_id: UUID) -> Signal:
    threads = access.threads_on(member, kind, object_id).prefetch_related(None)
    comments = Comment.objects.filter(thread__in=threads.order_by()).aggregate(
        n=Count("pk"), edited=Max("edited_at"), removed=Max("removed_at")
    )
    counts: Counter[str] = Counter()
    resolved = []
    for anchor, resolved_at in threads.values_list("anchor", "resolved_at"):
        if resolved_at is None:
            counts[anchor] += 1
        else:
            resolved.append(resolved_at)
    stamp = (*comments.values(), len(resolved), max(resolved, default=None))
    return Signal(kind, object_id, dict(counts), "|".join(map(str, stamp)))
