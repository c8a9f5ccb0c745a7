"""What the pages of exports show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

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


def counts(runs: Sequence[ExportRun]) -> dict[UUID, tuple[int, int | None]]:
    """(units written, units in all) of each run"""
    parts = ExportPart.objects.filter(run__in=runs).order_by()
    written = dict(parts.values_list("run").annotate(n=Sum("units")))
    return {run.pk: (written.get(run.pk, 0), run.units_total) for run in runs}


def state_of(run: ExportRun) -> ExportState:
    done, total = counts([run])[run.pk]
    return ExportState(
        table=registry.find(run.table),
        progress=progress_of(run, done=done, total=total),
        rows=run.parts.aggregate(n=Coalesce(Sum("rows"), 0))["n"],
    )
