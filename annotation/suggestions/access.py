"""Proposals are for those who write rubrics; whatever is not in the project answers 404."""

from uuid import UUID

from django.http import Http404

from annotation.models import Suggestion
from webapp.accounts.access import Member


def suggestion_for(member: Member, pk: UUID) -> Suggestion:
    rows = Suggestion.objects.select_related("run", "version__rubric", "version__project")
    found = rows.filter(project=member.project, pk=pk).first()
    if found is None:
        raise Http404
    return found
