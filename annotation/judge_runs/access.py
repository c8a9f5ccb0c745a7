"""Fetch judge runs and fits of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.models import FitRun, JudgeRun
from webapp.accounts.access import Member, found_or_404


def judge_run_for(member: Member, pk: UUID) -> JudgeRun:
    rows = JudgeRun.objects.filter(project=member.project, pk=pk)
    return found_or_404(
        rows.select_related(
            "project", "judge", "spec", "version__rubric", "snapshot__collection", "created_by"
        ).first()
    )


def fit_run_for(member: Member, pk: UUID) -> FitRun:
    rows = FitRun.objects.filter(project=member.project, pk=pk)
    return found_or_404(
        rows.select_related(
            "project", "judge", "version__rubric", "version__spec", "created_by"
        ).first()
    )
