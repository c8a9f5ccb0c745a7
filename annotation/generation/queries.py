"""What the pages of generation runs show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from annotation.corpus.gold_emotions import with_hidden_emotions
from annotation.generation.verdicts import Passed, Refining, critic_of, refining_of
from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run
from webapp.runs.progress import Progress, ended_of_each, progress_of

# The source of generated dialogues.
SOURCE = "generation"
LATEST = 10
# Of the dialogue that is being written: enough to follow it.
TURNS_SHOWN = 4
WAITING, DONE, FAILED, DROPPED = (
    GenerationItem.State.WAITING,
    GenerationItem.State.DONE,
    GenerationItem.State.FAILED,
    GenerationItem.State.DROPPED,
)


def with_situations(project: Project) -> QuerySet[Dialogue]:
    """The dialogues whose situations a plan can take."""
    return (
        Dialogue.objects.filter(project=project, emotion_label__isnull=False)
        .exclude(situation="")
        .exclude(source=SOURCE)
    )


def emotions_with_situations(project: Project) -> list[str]:
    """The emotions that a plan finds situations for, in the order of the alphabet."""
    found = with_situations(project).order_by("emotion_label")
    return [str(label) for label in found.values_list("emotion_label", flat=True).distinct()]


@dataclass(frozen=True)
class GenerationState:
    """A generation run as its page shows it now. Progress counts turns: dialogues that are
    written side by side end late."""

    run: GenerationRun
    progress: Progress
    turns: int
    planned: int
    done: int
    failed: int
    dropped: int
    under_way: int
    writing: Dialogue | None
    written_turns: list[Turn]
    latest: list[GenerationItem]
    failures: list[GenerationItem]
    usage: Usage
    # Endpoints that a worker leaves alone for now.
    paused: list[Endpoint]
    # None without a critic.
    refining: Refining | None

    @property
    def finished(self) -> list[tuple[GenerationItem, Passed | None]]:
        """The latest finished dialogues, each with how its replies passed; None without a critic,
        and where this person still has to rate in it."""
        passed = self.refining.passed if self.refining is not None else {}
        return [
            (item, passed.get(item.dialogue_id) if item.dialogue_id else None)
            for item in self.latest
        ]

    @property
    def next_turn(self) -> int:
        return self.written_turns[-1].position + 2 if self.written_turns else 1

    @property
    def next_role(self) -> Turn.Role:
        return Turn.Role.SEEKER if self.next_turn % 2 else Turn.Role.SUPPORTER

    @property
    def dialogue_rate(self) -> float | None:
        """Dialogues a minute."""
        return self.progress.rate and self.progress.rate / turns_of_each(self.run)


def runs_of(project: Project) -> QuerySet[GenerationRun]:
    return (
        GenerationRun.objects.filter(project=project)
        .select_related("created_by", "collection", "simulator", "supporter", "project")
        .annotate(
            planned=Count("items"),
            done=Count("items", filter=Q(items__state=DONE)),
            failed=Count("items", filter=Q(items__state=FAILED)),
            dropped=Count("items", filter=Q(items__state=DROPPED)),
        )
        .order_by("-number")
    )


def counts(runs: Sequence[GenerationRun]) -> dict[UUID, tuple[int, int]]:
    """(dialogues ended, dialogues planned) of each run"""
    return ended_of_each(runs, GenerationItem.objects.all(), waiting=WAITING)


def failed_among(runs: Sequence[GenerationRun]) -> set[UUID]:
    """The runs with a dialogue that failed: one that goes on tries it again."""
    failed = GenerationItem.objects.filter(run__in=runs, state=FAILED)
    return set(failed.order_by().values_list("run", flat=True).distinct())


def turns_of_each(run: GenerationRun) -> int:
    return 2 * run.exchanges


def state_of(run: GenerationRun, member: Member) -> GenerationState:
    by_state = dict(run.items.order_by().values_list("state").annotate(n=Count("pk")))
    planned = sum(by_state.values())
    items = run.items.select_related("dialogue__profile")
    turns = Turn.objects.filter(dialogue__generation_item__run=run)
    written = turns.count()
    writing = [] if run.is_ended else _under_way(items)
    now = writing[0].dialogue if writing else None
    critic = critic_of(run)
    judging = critic.judge.endpoint if critic is not None else None
    latest = list(
        with_hidden_emotions(items.filter(state=DONE), member, "dialogue")
        .annotate(turns=Count("dialogue__turns"))
        .order_by("-ended_at", "-position")[:LATEST]
    )
    voices = {e.pk: e for e in (run.simulator, run.supporter, judging) if e is not None}
    return GenerationState(
        run=run,
        progress=progress_of(
            run,
            done=written,
            total=_turns_to_write(run, turns, by_state),
            done_since=lambda began: turns.filter(created_at__gte=began).count(),
        ),
        turns=written,
        planned=planned,
        done=by_state.get(DONE, 0),
        failed=by_state.get(FAILED, 0),
        dropped=by_state.get(DROPPED, 0),
        under_way=len(writing),
        writing=now,
        written_turns=_last_turns(now) if now is not None else [],
        latest=latest,
        failures=list(items.filter(state=FAILED).order_by("position")[:LATEST]),
        usage=usage_of_run(run.pk),
        paused=[e for e in voices.values() if e.is_paused and not run.is_ended],
        refining=refining_of(run, critic, now, latest, member) if critic is not None else None,
    )


def _turns_to_write(run: GenerationRun, turns: QuerySet[Turn], by_state: dict[str, int]) -> int:
    """Dialogues that are done or dropped have all their turns: a critic may end them early."""
    ended = turns.filter(dialogue__generation_item__state__in=[DONE, DROPPED]).count()
    left = by_state.get(WAITING, 0) + by_state.get(FAILED, 0)
    return ended + left * turns_of_each(run)


def _last_turns(dialogue: Dialogue) -> list[Turn]:
    last = Turn.objects.filter(dialogue=dialogue).order_by("-position")[:TURNS_SHOWN]
    return list(reversed(last))


def _under_way(items: QuerySet[GenerationItem]) -> list[GenerationItem]:
    """Begun and not ended. The one that began first comes first, so that a reader can follow
    it to its end."""
    begun = items.filter(state=WAITING, dialogue__isnull=False)
    return list(begun.order_by("dialogue__number"))
