"""Fetch dialogues and imports of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.models import Dialogue, ImportRun
from webapp.accounts.access import Member, found_or_404


def dialogue_for(member: Member, pk: UUID) -> Dialogue:
    row = Dialogue.objects.filter(project=member.project, pk=pk).select_related("profile").first()
    return found_or_404(row)


def import_run_for(member: Member, pk: UUID) -> ImportRun:
    rows = ImportRun.objects.filter(project=member.project, pk=pk)
    return found_or_404(rows.select_related("project", "file", "collection", "created_by").first())
