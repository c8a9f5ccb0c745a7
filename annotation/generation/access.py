"""Fetch generation runs of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.models import GenerationRun
from webapp.accounts.access import Member, found_or_404


def generation_run_for(member: Member, pk: UUID) -> GenerationRun:
    rows = GenerationRun.objects.filter(project=member.project, pk=pk)
    return found_or_404(
        rows.select_related("project", "supporter", "simulator", "collection", "created_by").first()
    )
