"""Fetch a queue of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from django.http import Http404

from annotation.models import Assignment, Queue
from annotation.queues.queries import concerns
from webapp.accounts.access import Member


def queue_of(member: Member, queue_id: UUID) -> Queue:
    queue = (
        Queue.objects.filter(project=member.project, pk=queue_id)
        .select_related("version__rubric", "version__spec", "snapshot__collection", "project")
        .first()
    )
    if queue is None:
        raise Http404
    return queue


def concern_of(member: Member, concern_id: UUID) -> Assignment:
    """An assignment with a concern that this member may read; 404 for every other one."""
    found = concerns(member).filter(pk=concern_id).first()
    if found is None:
        raise Http404
    return found
