"""Trials are for those who write rubrics; whatever is not in the project answers 404."""

from uuid import UUID

from django.http import Http404

from annotation.models import ImpactRun, PlaygroundRun
from webapp.accounts.access import Member

_WITH = ("project", "judge", "version__rubric", "version__spec", "before", "after", "created_by")


def playground_run_for(member: Member, pk: UUID) -> PlaygroundRun:
    rows = PlaygroundRun.objects.select_related(*_WITH)
    run = rows.filter(project=member.project, pk=pk).first()
    if run is None:
        raise Http404
    return run


def impact_run_for(member: Member, pk: UUID) -> ImpactRun:
    rows = ImpactRun.objects.select_related(*_WITH, "base")
    run = rows.filter(project=member.project, pk=pk).first()
    if run is None:
        raise Http404
    return run
