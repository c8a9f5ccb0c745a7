"""Fetch a queue of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from django.http import Http404

from annotation.models import Queue
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
