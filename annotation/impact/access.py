"""Trials are for those who write rubrics; whatever is not in the project answers 404."""

from uuid import UUID

from django.http import Http404

from annotation.models import ImpactRun, PlaygroundRun, Suggestion, SuggestionRun
from rubrics.access import WRITERS
from webapp.accounts.access import Member

__all__ = [
    "WRITERS",
    "impact_run_for",
    "playground_run_for",
    "suggestion_for",
    "suggestion_run_for",
]

_TRIAL = ("project", "judge", "version__rubric", "version__spec", "before", "after", "created_by")


def playground_run_for(member: Member, pk: UUID) -> PlaygroundRun:
    rows = PlaygroundRun.objects.select_related(*_TRIAL)
    run = rows.filter(project=member.project, pk=pk).first()
    if run is None:
        raise Http404
    return run


def impact_run_for(member: Member, pk: UUID) -> ImpactRun:
    rows = ImpactRun.objects.select_related(*_TRIAL, "base")
    run = rows.filter(project=member.project, pk=pk).first()
    if run is None:
        raise Http404
    return run


def suggestion_run_for(member: Member, pk: UUID) -> SuggestionRun:
    rows = SuggestionRun.objects.select_related(
        "project", "version__rubric", "endpoint", "spec", "created_by"
    )
    run = rows.filter(project=member.project, pk=pk).first()
    if run is None:
        raise Http404
    return run


def suggestion_for(member: Member, pk: UUID) -> Suggestion:
    rows = Suggestion.objects.select_related("run", "version__rubric", "version__project")
    found = rows.filter(project=member.project, pk=pk).first()
    if found is None:
        raise Http404
    return found
