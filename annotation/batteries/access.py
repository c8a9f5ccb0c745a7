"""Fetch battery runs of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.models import BatteryRun
from webapp.accounts.access import Member, found_or_404


def battery_run_for(member: Member, pk: UUID) -> BatteryRun:
    rows = BatteryRun.objects.filter(project=member.project, pk=pk)
    return found_or_404(
        rows.select_related(
            "project", "judge__endpoint", "spec", "version__rubric", "created_by"
        ).first()
    )
