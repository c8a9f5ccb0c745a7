"""What the pages of difficulty runs show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet

from annotation.corpus.set_query import SetQuery
from annotation.difficulty.charts import Bin, Histogram, bins_of, histogram_of
from annotation.difficulty.hidden import hidden_in, hidden_prompts
from annotation.difficulty.limits import HARD_FROM
from annotation.difficulty.statistics import Measured, Share, share_hard
from annotation.difficulty.verdicts import rule_of
from annotation.generation.refinement import thresholds_in_words
from annotation.models import Collection, DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.models.difficulty import DIFFICULTIES
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.db import counted
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run
from webapp.runs.progress import Progress, progress_of

EASY, HARD = DifficultyPrompt.Difficulty.EASY, DifficultyPrompt.Difficulty.HARD
# What a list of prompts can be narrowed to: easy, hard, or those without pFAIL.
NONE = "none"
PAGE_SIZE = 50
# Of what failed, so much is shown.
FAILURES = 10


@dataclass(frozen=True)
class Part:
    """The prompts of one difficulty; `set` is the set that was made of them."""

    difficulty: str
    count: int
    set: Collection | None


@dataclass(frozen=True)
class State:
    """A difficulty run as its page shows it now."""

    run: DifficultyRun
    progress: Progress
    prompts: int
    # Prompts that this person still has to rate: they are left out of all that follows.
    hidden: int
    bins: list[Bin]
    chart: Histogram | None
    parts: list[Part]
    # Once the run has ended.
    share: Share | None
    # Of an ended run: prompts without a verdict on any reply.
    unmeasured: list[DifficultyPrompt]
    unmeasured_count: int
    failures: list[str]
    has_failed: bool
    # (criterion, what passes) in the order of the rubric.
    needed: list[tuple[str, str]]
    usage: Usage
    paused: list[Endpoint]

    @property
    def measured(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def hard(self) -> int:
        return sum(part.count for part in self.parts if part.difficulty == HARD)

    @property
    def sets(self) -> dict[str, Collection]:
        return {part.difficulty: part.set for part in self.parts if part.set is not None}


@dataclass(frozen=True)
class PromptPage:
    """Prompts in the order of the run. `next` is the position that the next page begins after."""

    rows: list[DifficultyPrompt]
    hidden: int
    next: int | None


def runs_of(project: Project) -> QuerySet[DifficultyRun]:
    """The newest first, each with its pins; `failed` of `planned` replies have no verdict."""
    replies = DifficultyReply.objects.filter(prompt__run=OuterRef("pk"))
    prompts = DifficultyPrompt.objects.filter(run=OuterRef("pk"))
    return (
        DifficultyRun.objects.filter(project=project)
        .select_related(
            "project", "collection", "snapshot__collection", "endpoint", "version__rubric", "spec",
            "judge__endpoint", "created_by",
        )
        .annotate(
            failed=counted(replies.exclude(error=""), "prompt__run"),
            planned=counted(prompts, "run") * F("replies"),
        )
        .order_by("-number")
    )  # fmt: skip


def with_counts(rows: QuerySet[DifficultyRun], member: Member) -> QuerySet[DifficultyRun]:
    """With `prompt_count`, and with `measured` and `hard` of the prompts that this person may
    see."""
    hidden = Q(prompts__in=hidden_in(DifficultyPrompt.objects.filter(run__in=rows), member))
    return rows.annotate(
        prompt_count=Count("prompts"),
        measured=Count("prompts", filter=Q(prompts__p_fail__isnull=False) & ~hidden),
        hard=Count("prompts", filter=Q(prompts__p_fail__gte=HARD_FROM) & ~hidden),
    )


def counts(runs: Sequence[DifficultyRun]) -> dict[UUID, tuple[int, int]]:
    """(replies and verdicts that are there or failed, all that are planned) of each run"""
    replies = DifficultyReply.objects.filter(prompt__run__in=runs).order_by()
    found = replies.values("prompt__run").annotate(
        answered=Count("pk", filter=Q(target__isnull=False)),
        unanswered=Count("pk", filter=Q(target=None) & ~Q(error="")),
        judged=Count("pk", filter=Q(target__isnull=False) & (~Q(error="") | ~Q(verdict=""))),
    )
    by_run = {row["prompt__run"]: row for row in found}
    prompts = DifficultyPrompt.objects.filter(run__in=runs).order_by()
    planned = dict(prompts.values_list("run").annotate(n=Count("pk")))
    none = {"answered": 0, "unanswered": 0, "judged": 0}
    return {
        run.pk: _done_of(by_run.get(run.pk, none), planned.get(run.pk, 0) * run.replies)
        for run in runs
    }


def _done_of(found: Mapping[str, Any], planned: int) -> tuple[int, int]:
    done = found["answered"] + found["unanswered"] + found["judged"]
    # A reply that failed is judged by nobody.
    return done, 2 * planned - found["unanswered"]


def failed_among(runs: Sequence[DifficultyRun]) -> set[UUID]:
    """The runs that lack a reply or a rating: one that goes on tries it again."""
    failed = DifficultyReply.objects.filter(prompt__run__in=runs, rating=None).exclude(error="")
    return set(failed.order_by().values_list("prompt__run", flat=True).distinct())


def state_of(run: DifficultyRun, member: Member) -> State:
    hidden = hidden_prompts(run, member)
    shown = prompts_of(run, hidden)
    done, planned = counts([run])[run.pk]
    by_p_fail = _by_p_fail(shown)
    bins = bins_of(by_p_fail, run.replies, hard_from=HARD_FROM)
    unmeasured = of_kind(shown, NONE)
    return State(
        run=run,
        progress=progress_of(run, done=done, total=planned),
        prompts=run.prompts.count(),
        hidden=len(hidden),
        bins=bins,
        chart=histogram_of(bins),
        parts=_parts(run, bins),
        share=share_hard(_measured(shown)) if run.is_ended else None,
        unmeasured=list(unmeasured[:FAILURES]) if run.is_ended else [],
        unmeasured_count=unmeasured.count() if run.is_ended else 0,
        failures=_failures(run, hidden),
        has_failed=run.pk in failed_among([run]),
        needed=thresholds_in_words(rule_of(run)),
        usage=usage_of_run(run.pk),
        paused=[] if run.is_ended else _paused(run),
    )


def prompts_of(run: DifficultyRun, hidden: set[UUID]) -> QuerySet[DifficultyPrompt]:
    """The prompts of a run without those that a person must not see yet."""
    return run.prompts.exclude(pk__in=hidden).order_by("position")


def of_kind(rows: QuerySet[DifficultyPrompt], kind: str) -> QuerySet[DifficultyPrompt]:
    """Those that are easy, hard, or without pFAIL; all for any other kind."""
    if kind == NONE:
        return rows.filter(p_fail=None)
    return rows.filter(DIFFICULTIES[kind]) if kind in DIFFICULTIES else rows


def page_of(run: DifficultyRun, member: Member, kind: str, *, after: int | None) -> PromptPage:
    hidden = hidden_prompts(run, member)
    rows = of_kind(prompts_of(run, hidden), kind).select_related("target__turn__dialogue")
    if after is not None:
        rows = rows.filter(position__gt=after)
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return PromptPage(
        rows=shown,
        hidden=len(hidden),
        next=shown[-1].position if len(found) > PAGE_SIZE else None,
    )


def _by_p_fail(prompts: QuerySet[DifficultyPrompt]) -> list[tuple[float, int]]:
    rows = prompts.filter(p_fail__isnull=False).order_by("p_fail")
    return list(rows.values_list("p_fail").annotate(n=Count("pk")))


def _parts(run: DifficultyRun, bins: Sequence[Bin]) -> list[Part]:
    totals = {EASY: sum(each.easy for each in bins), HARD: sum(each.hard for each in bins)}
    queries = {
        name: SetQuery(difficulty_run=str(run.pk), difficulty=name).to_json() for name in totals
    }
    rows = Collection.objects.filter(project=run.project, query__in=list(queries.values()))
    made = {row.query["difficulty"]: row for row in rows.order_by("-number")}
    return [Part(name, count, made.get(name)) for name, count in totals.items()]


def _measured(prompts: QuerySet[DifficultyPrompt]) -> list[Measured]:
    rows = prompts.values_list(
        "p_fail", "target__turn__dialogue__split_key", "target__turn__dialogue"
    )
    return [
        Measured(p_fail, profile, dialogue)
        for p_fail, profile, dialogue in rows
        if p_fail is not None
    ]


def _failures(run: DifficultyRun, hidden: set[UUID]) -> list[str]:
    rows = DifficultyReply.objects.filter(prompt__run=run).exclude(error="")
    reasons = rows.exclude(prompt__in=hidden).order_by("error").values_list("error", flat=True)
    return list(reasons.distinct()[:FAILURES])


def _paused(run: DifficultyRun) -> list[Endpoint]:
    asked = (run.endpoint, run.judge.endpoint)
    return list({one.pk: one for one in asked if one is not None and one.is_paused}.values())
