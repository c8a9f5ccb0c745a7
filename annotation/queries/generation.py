"""What the pages of generation runs show."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet, Sum

from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from annotation.queries.progress import Progress, progress_of
from webapp.accounts.models import Project
from webapp.llm.models import ModelCall

LATEST = 10


@dataclass(frozen=True)
class GenerationState:
    """A generation run as its page shows it now."""

    run: GenerationRun
    progress: Progress
    turns: int
    failed: int
    writing: Dialogue | None
    written_turns: list[Turn]
    latest: list[GenerationItem]
    failures: list[GenerationItem]
    completion_tokens: int

    @property
    def next_turn(self) -> int:
        return len(self.written_turns) + 1

    @property
    def next_speaker(self) -> str:
        return "Seeker" if len(self.written_turns) % 2 == 0 else "Supporter"


def runs_of(project: Project) -> QuerySet[GenerationRun]:
    return (
        GenerationRun.objects.filter(project=project)
        .select_related("created_by", "collection", "project")
        .annotate(
            planned=Count("items"),
            done=Count("items", filter=Q(items__state=GenerationItem.State.DONE)),
        )
        .order_by("-number")
    )


def counts(run: GenerationRun) -> tuple[int, int]:
    """(dialogues ended, dialogues planned)"""
    found = run.items.aggregate(
        ended=Count("pk", filter=~Q(state=GenerationItem.State.WAITING)), planned=Count("pk")
    )
    return found["ended"], found["planned"]


def state_of(run: GenerationRun) -> GenerationState:
    ended, planned = counts(run)
    items = run.items.select_related("dialogue")
    failed = items.filter(state=GenerationItem.State.FAILED)
    writing, written = None, []
    if not run.is_ended:
        writing = (
            Dialogue.objects.filter(generation_item__run=run, sealed_at=None)
            .annotate(spoken_at=Max("turns__created_at"))
            .filter(spoken_at__isnull=False)
            .order_by("-spoken_at")
            .first()
        )
        written = list(writing.turns.order_by("position")) if writing else []
    calls = ModelCall.objects.filter(run_id=run.pk).aggregate(tokens=Sum("completion_tokens"))
    return GenerationState(
        run=run,
        progress=progress_of(run, done=ended, total=planned),
        turns=Turn.objects.filter(dialogue__generation_item__run=run).count(),
        failed=failed.count(),
        writing=writing,
        written_turns=written,
        latest=list(
            items.filter(state=GenerationItem.State.DONE)
            .annotate(turns=Count("dialogue__turns"))
            .order_by("-ended_at")[:LATEST]
        ),
        failures=list(failed.order_by("position")[:LATEST]),
        completion_tokens=calls["tokens"] or 0,
    )
