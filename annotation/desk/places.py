"""Places in a queue and at an item: whose they are, how many people may have one, and who may not
have one."""

from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Q
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from annotation.models import Assignment, Item, Queue, QueueRater, Rater
from annotation.ratings.blindness import read_items
from webapp.accounts.access import Member, require_open
from webapp.db import counted
from webapp.errors import Refused

_State = Assignment.State


def queue_to_rate(member: Member, queue_id: UUID) -> Queue:
    """A queue that this person has a place in; 404 for every other one."""
    place = (
        QueueRater.objects.filter(project=member.project, user=member.user, queue_id=queue_id)
        .select_related("queue__project", "queue__version__spec")
        .first()
    )
    if place is None:
        raise Http404
    return place.queue


def own_assignment(member: Member, assignment_id: UUID) -> Assignment:
    """An assignment of this person; 404 for everybody else's."""
    found = (
        Assignment.objects.filter(project=member.project, pk=assignment_id, rater__user=member.user)
        .select_related(
            "rater__user",
            "item__target__turn__dialogue",
            "item__target__dialogue",
            "item__queue__version__rubric",
            "item__queue__version__spec",
            "item__queue__project",
        )
        .first()
    )
    if found is None:
        raise Http404
    return found


def require_taking_part(queue: Queue, rater: Rater) -> None:
    require_open(queue.project)
    if queue.closed_at is not None:
        raise Refused("This queue is closed.", code="closed")
    if not QueueRater.objects.filter(queue=queue, user=rater.user).exists():
        raise Refused("You are no longer in this queue.", code="left")


def has_room(item: Item, queue: Queue, rater: Rater) -> bool:
    """Whether there is a place for this person beside the others. Holds the item's lock."""
    others = Assignment.objects.filter(live(timezone.now()), item=item).exclude(rater=rater)
    return others.count() < queue.overlap


def may_have_read(item: Item, queue: Queue, rater: Rater) -> bool:
    assert rater.user is not None  # noqa: S101  (a person's rater)
    return read_items(rater.user, queue.project_id, [queue.pk]).filter(pk=item.pk).exists()


def places_taken(now: datetime) -> Coalesce:
    """How many people have a place at the item of the outer query."""
    return counted(Assignment.objects.filter(live(now), item=OuterRef("pk")), "item")


def live(now: datetime) -> Q:
    return Q(state=_State.SUBMITTED) | Q(state=_State.RESERVED, leased_until__gt=now)


def why_not_submit(own: Assignment) -> Refused | None:
    """Why this rating can't be taken; the draft is kept. Where the place is lost, it is given back
    (not saved). The caller has locked the item."""
    queue = own.item.queue
    if queue.closed_at is not None:
        return Refused(
            "The queue was closed, so this rating was not submitted. Your draft is saved. You can "
            "submit it if the lead reopens the queue.",
            code="closed",
        )
    if not QueueRater.objects.filter(queue=queue, user=own.rater.user).exists():
        return Refused(
            "You are no longer in this queue, so this rating was not submitted. Your draft is "
            "saved.",
            code="left",
        )
    if may_have_read(own.item, queue, own.rater):
        own.state = _State.RELEASED
        return Refused(
            "You were out of this queue for a while and could have seen other ratings of this "
            "item. So this rating was not submitted. Your draft is saved.",
            code="read",
        )
    if not has_room(own.item, queue, own.rater):
        own.state = _State.RELEASED
        return Refused(
            "Your time for this item ran out and somebody else is rating it now. So this rating "
            "was not submitted. Your draft is saved.",
            code="full",
        )
    return None
