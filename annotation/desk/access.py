"""Which queues and assignments a person works on; 404 for everybody else's."""

from uuid import UUID

from django.http import Http404

from annotation.models import Assignment, Queue, QueueRater
from webapp.accounts.access import Member


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
