"""Fetch a member's own exports; whatever is not theirs answers 404."""

from uuid import UUID

from annotation.exports import registry
from annotation.exports.queries import exports_of
from annotation.models import ExportRun
from webapp.accounts.access import Member, found_or_404, require


def export_for(member: Member, pk: UUID) -> ExportRun:
    return found_or_404(exports_of(member).filter(pk=pk).first())


def file_for(member: Member, pk: UUID) -> ExportRun:
    """An export to download. Raises Http404 where it has no file, and PermissionDenied where the
    member's roles don't allow its table any more."""
    run = export_for(member, pk)
    require(member, registry.find(run.table).roles)
    return found_or_404(run if run.has_file else None)
