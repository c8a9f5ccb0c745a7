"""Fetch an endpoint of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from webapp.accounts.access import Member, found_or_404
from webapp.llm.models import Endpoint


def endpoint_for(member: Member, pk: UUID) -> Endpoint:
    """An endpoint that runs may be started with."""
    rows = Endpoint.objects.filter(project=member.project, archived_at=None)
    return found_or_404(rows.filter(pk=pk).first())
