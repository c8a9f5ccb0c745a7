"""What the pages of imports and dialogues show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Left

from annotation.demo import written
from annotation.formats.registry import READERS
from annotation.models import Dialogue, ImportLine, ImportRun, Rating, Turn
from webapp.accounts.models import Project
from webapp.db import counted
from webapp.runs.progress import Progress, progress_of

BROKEN_SHOWN = 100
OPENING_CHARS = 200

Outcome = ImportLine.Outcome

SOURCE_LABELS = {name: reader.label.split(" (")[0] for name, reader in READERS.items()} | {
    "generation": "Generation",
    written.SOURCE: "Written dialogues",
    written.OTHER_SOURCE: "Other replies",
}


@dataclass(frozen=True)
class ImportState:
    """An import as its page shows it now."""

    progress: Progress
    added: int
    known: int
    broken: int
    # Of the broken ones, those of which nothing but the number is kept.
    broken_counted: int
    ratings: int
    # Turns from which a model's reasoning was taken out, and those that end inside of it.
    reasoning_removed: int
    reasoning_cut: int
    broken_lines: list[ImportLine]
    unit: str

    @property
    def is_counting(self) -> bool:
        return self.progress.total is None


def imports_of(project: Project) -> QuerySet[ImportRun]:
    """Runs, the newest first, each with `added`, `known` and `broken`."""

    def lines(outcome: str) -> Coalesce:
        return counted(ImportLine.objects.filter(run=OuterRef("pk"), outcome=outcome), "run")

    return (
        ImportRun.objects.filter(project=project)
        .select_related("created_by", "file", "project")
        .annotate(
            added=lines(Outcome.ADDED),
            known=lines(Outcome.KNOWN),
            broken=lines(Outcome.BROKEN) + F("broken_counted"),
        )
        .order_by("-number")
    )


def counts(runs: Sequence[ImportRun]) -> dict[UUID, tuple[int, int | None]]:
    """(records read, records in all) of each import"""
    lines = ImportLine.objects.filter(run__in=runs).order_by()
    read = dict(lines.values_list("run").annotate(n=Count("pk")))
    return {run.pk: (read.get(run.pk, 0) + run.broken_counted, run.records_total) for run in runs}


def import_state(run: ImportRun) -> ImportState:
    counts = run.lines.aggregate(
        added=Count("pk", filter=Q(outcome=Outcome.ADDED)),
        known=Count("pk", filter=Q(outcome=Outcome.KNOWN)),
        broken=Count("pk", filter=Q(outcome=Outcome.BROKEN)),
    )
    counts["broken"] += run.broken_counted
    reasoning = run.lines.aggregate(
        reasoning_removed=Coalesce(Sum("reasoning_removed"), 0),
        reasoning_cut=Coalesce(Sum("reasoning_cut"), 0),
    )
    return ImportState(
        progress=progress_of(run, done=sum(counts.values()), total=run.records_total),
        broken_counted=run.broken_counted,
        ratings=_ratings_of(run),
        broken_lines=list(run.lines.filter(outcome=Outcome.BROKEN)[:BROKEN_SHOWN]),
        unit=READERS[run.format].unit,
        **counts,
        **reasoning,
    )


def _ratings_of(run: ImportRun) -> int:
    """Ratings that the file brought along."""
    added = run.lines.filter(outcome=Outcome.ADDED).values("dialogue_id")
    return (
        Rating.objects.filter(project=run.project, purpose=Rating.Purpose.IMPORT)
        .filter(Q(target__turn__dialogue__in=added) | Q(target__dialogue__in=added))
        .count()
    )


def with_turn_counts(dialogues: QuerySet[Dialogue]) -> QuerySet[Dialogue]:
    """Dialogues with their profile, `turn_count` and `opening`, what the seeker says first."""
    turns = Turn.objects.filter(dialogue=OuterRef("pk"))
    said = turns.filter(role=Turn.Role.SEEKER).order_by("position")
    return dialogues.select_related("profile").annotate(
        turn_count=counted(turns, "dialogue"),
        opening=Subquery(said.values(beginning=Left("text", OPENING_CHARS))[:1]),
    )


def sources_of(project: Project) -> list[str]:
    rows = Dialogue.objects.filter(project=project).order_by("source")
    return list(rows.values_list("source", flat=True).distinct())


def beside(dialogue: Dialogue) -> dict[str, Dialogue | None]:
    """The dialogues with the next higher and the next lower number."""
    rows = Dialogue.objects.filter(project=dialogue.project_id, sealed_at__isnull=False)
    return {
        "newer": rows.filter(number__gt=dialogue.number).order_by("number").first(),
        "older": rows.filter(number__lt=dialogue.number).order_by("-number").first(),
    }
