"""Fetch sets and snapshots of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.models import Collection, Snapshot
from webapp.accounts.access import Member, found_or_404


def collection_for(member: Member, pk: UUID) -> Collection:
    rows = Collection.objects.filter(project=member.project, pk=pk)
    return found_or_404(rows.select_related("project", "created_by").first())


def snapshot_for(member: Member, pk: UUID) -> Snapshot:
    rows = Snapshot.objects.filter(project=member.project, pk=pk)
    return found_or_404(rows.select_related("collection", "created_by").first())
