"""Fetch a member's own exports; whatever is not theirs answers 404."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from annotation.exports import registry
from annotation.exports.queries import exports_of
from annotation.models import ExportRun
from webapp.accounts.access import Member, found_or_404, require


def export_for(member: Member, pk: UUID) -> ExportRun:
    return found_or_404(exports_of(member).filter(pk=pk).first())


def file_for(member: Member, pk: UUID) -> ExportRun:
    """An export to download. Raises Http404 where it has no file, and PermissionDenied where the
    member has lost a role that it was made with: they may not see all of it any more."""
    run = export_for(member, pk)
    require(member, registry.find(run.table).roles)
    if not member.roles.issuperset(run.roles):
        raise PermissionDenied(
            "You had other roles when you made this export. Start it again to get what you may "
            "see now."
        )
    return found_or_404(run if run.has_file else None)
