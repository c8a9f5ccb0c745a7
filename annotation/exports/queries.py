"""What the pages of exports show."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from annotation.exports import registry
from annotation.exports.registry import Table
from annotation.models import ExportPart, ExportRun
from webapp.accounts.access import Member
from webapp.runs.progress import Progress, progress_of


@dataclass(frozen=True)
class ExportState:
    """An export as its page shows it now."""

    table: Table
    progress: Progress
    rows: int


def exports_of(member: Member) -> QuerySet[ExportRun]:
    """The member's own exports, the newest first, each with `units`, the units written. What one
    person may see another may not: an export is for the person who made it."""
    parts = ExportPart.objects.filter(run=OuterRef("pk")).order_by()
    units = parts.values("run").annotate(n=Sum("units")).values("n")
    return (
        ExportRun.objects.filter(project=member.project, created_by=member.user)
        .select_related("created_by", "file", "project")
        .annotate(units=Coalesce(Subquery(units), 0))
        .order_by("-number")
    )


def tables_for(member: Member) -> list[Table]:
    return [table for table in registry.tables() if table.is_open_to(member)]


def counts(run: ExportRun) -> tuple[int, int | None]:
    """(units written, units in all)"""
    return run.parts.aggregate(n=Coalesce(Sum("units"), 0))["n"], run.units_total


def state_of(run: ExportRun) -> ExportState:
    done, total = counts(run)
    return ExportState(
        table=registry.find(run.table),
        progress=progress_of(run, done=done, total=total),
        rows=run.parts.aggregate(n=Coalesce(Sum("rows"), 0))["n"],
    )
