"""What the pages of evaluations show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import (
    Count,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
)

from annotation.models import Score
from rubrics.core.spec import Outcome, RubricSpec, from_json, total
from training.evaluation.forest import Forest, forest_of
from training.evaluation.hidden import hidden_positions
from training.evaluation.results import (
    EMOTION,
    FORMAT,
    TOTAL,
    Comparison,
    Table,
    measures_of,
    table_of,
)
from training.models import (
    Answer,
    AnswerRating,
    EvaluatedSystem,
    EvaluationJudge,
    EvaluationRun,
)
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.db import counted
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run
from webapp.runs.progress import Progress, progress_of
from webapp.text import listed

# Of what failed, so much is shown.
FAILURES = 10


@dataclass(frozen=True)
class SystemProgress:
    system: EvaluatedSystem
    answered: int
    failed: int
    rated: int


@dataclass(frozen=True)
class View:
    """One judge's table with what each system changes."""

    table: Table
    comparisons: list[tuple[Comparison, Forest | None]]


@dataclass(frozen=True)
class State:
    """An evaluation as its page shows it now. Tables come when it has ended."""

    run: EvaluationRun
    progress: Progress
    prompts: int
    judges: list[EvaluationJudge]
    systems: list[SystemProgress]
    failures: list[str]
    views: list[View]
    # Criteria that read other spans than the response, where an answer lacks one: those answers
    # have the lowest level there.
    span_criteria: list[str]
    # Prompts that this person still has to rate: they are left out of all that follows.
    hidden: int
    against: int
    usage: Usage
    paused: list[Endpoint]

    @property
    def findings(self) -> list[str]:
        """A sentence for each system, by the first judge; none by a judge that was a reward."""
        table = self.views[0].table if self.views else None
        if table is None or table.is_reward:
            return []
        return [_finding(comparison) for comparison in table.comparisons]

    @property
    def can_compare(self) -> bool:
        """Whether people can compare two systems: both have answered."""
        return self.run.is_ended and sum(each.answered > 0 for each in self.systems) > 1


def evaluations_of(project: Project) -> QuerySet[EvaluationRun]:
    """The newest first, each with its pins, systems and judges; `failed` of `planned` answers and
    ratings are missing."""
    judges = EvaluationJudge.objects.select_related("judge").order_by("pk")
    answers = Answer.objects.filter(system__run=OuterRef("pk"))
    ratings = AnswerRating.objects.filter(answer__system__run=OuterRef("pk"), rating=None)
    asked = EvaluationJudge.objects.filter(run=OuterRef("pk"))
    return (
        EvaluationRun.objects.filter(project=project)
        .select_related(
            "project", "spec", "version__rubric", "created_by", "snapshot__collection", "training"
        )
        .prefetch_related(
            Prefetch("systems", EvaluatedSystem.objects.select_related("endpoint")),
            Prefetch("judges", judges),
        )
        .annotate(
            answers_planned=counted(answers, "system__run"),
            answers_failed=counted(answers.exclude(error=""), "system__run"),
            judges_asked=counted(asked, "run"),
        )
        .annotate(
            failed=F("answers_failed") + counted(ratings, "answer__system__run"),
            # An answer that failed is rated by nobody.
            planned=F("answers_planned")
            + F("judges_asked") * (F("answers_planned") - F("answers_failed")),
        )
        .order_by("-number")
    )


def counts(runs: Sequence[EvaluationRun]) -> dict[UUID, tuple[int, int]]:
    """(answers and ratings that are there or failed, all that are planned) of each run"""
    answers = Answer.objects.filter(system__run__in=runs).order_by().values("system__run")
    found = answers.annotate(
        planned=Count("pk"),
        ended=Count("pk", filter=Q(ended_at__isnull=False)),
        failed=Count("pk", filter=~Q(error="")),
    )
    by_run = {row["system__run"]: row for row in found}
    judges = _count_by(EvaluationJudge.objects.filter(run__in=runs), "run")
    ratings = AnswerRating.objects.filter(answer__system__run__in=runs)
    rated = _count_by(ratings, "answer__system__run")
    none = {"planned": 0, "ended": 0, "failed": 0}
    return {
        run.pk: _done_of(by_run.get(run.pk, none), judges.get(run.pk, 0), rated.get(run.pk, 0))
        for run in runs
    }


def _count_by(rows: QuerySet[Any], by: str) -> dict[UUID, int]:
    return dict(rows.order_by().values_list(by).annotate(n=Count("pk")))


def _done_of(found: Mapping[str, Any], judges: int, rated: int) -> tuple[int, int]:
    # An answer that failed is rated by nobody.
    return (
        found["ended"] + rated,
        found["planned"] + judges * (found["planned"] - found["failed"]),
    )


def done_since(run: EvaluationRun, began: datetime) -> int:
    """The answers of models and the ratings since then. The corpus's own replies take no time: they
    would make the rest look quick."""
    answers = Answer.objects.filter(system__run=run, ended_at__gte=began)
    ratings = AnswerRating.objects.filter(answer__system__run=run, ended_at__gte=began)
    return answers.exclude(system__endpoint=None).count() + ratings.count()


def failed_among(runs: Sequence[EvaluationRun]) -> set[UUID]:
    """The evaluations that lack an answer or a rating: one that goes on tries it again."""
    answers = Answer.objects.filter(system__run__in=runs).exclude(error="")
    ratings = AnswerRating.objects.filter(answer__system__run__in=runs, rating=None)
    return {
        *answers.order_by().values_list("system__run", flat=True).distinct(),
        *ratings.order_by().values_list("answer__system__run", flat=True).distinct(),
    }


def state_of(run: EvaluationRun, member: Member, *, against: int = 0) -> State:
    hidden = hidden_positions(run, member)
    done, planned = counts([run])[run.pk]
    systems = [
        SystemProgress(system, system.answered, system.failed, system.rated)  # type: ignore[attr-defined]
        for system in run.systems.select_related("endpoint").annotate(
            answered=Count("answers", filter=Q(answers__target__isnull=False), distinct=True),
            failed=Count("answers", filter=~Q(answers__error=""), distinct=True),
            rated=Count("answers__ratings", filter=Q(answers__ratings__rating__isnull=False)),
        )
    ]
    judges = list(run.judges.select_related("judge__endpoint").order_by("pk"))
    against = against if 0 <= against < len(systems) else 0
    return State(
        run=run,
        progress=progress_of(
            run, done=done, total=planned, done_since=lambda began: done_since(run, began)
        ),
        prompts=Answer.objects.filter(system=systems[0].system).count() if systems else 0,
        judges=judges,
        systems=systems,
        failures=_failures(run, hidden),
        views=_views(run, hidden, against=against) if run.is_ended else [],
        span_criteria=_span_criteria(run) if run.is_ended else [],
        hidden=len(hidden),
        against=against,
        usage=usage_of_run(run.pk),
        paused=[] if run.is_ended else _paused(systems, judges),
    )


def _finding(comparison: Comparison) -> str:
    said = [
        f"clearly {word} in {listed(names)}"
        for word, names in (("higher", comparison.above), ("lower", comparison.below))
        if names
    ]
    if not said:
        return f"No clear difference between {comparison.system} and {comparison.other}."
    return f"For {comparison.system}, scores are {' and '.join(said)} than for {comparison.other}."


def _span_criteria(run: EvaluationRun) -> list[str]:
    if not Answer.objects.filter(system__run=run, format=0).exists():
        return []
    spec = from_json(run.spec.content)
    return [each.name for each in spec.judge_criteria if not {"response", "whole"} & {*each.spans}]


def _views(run: EvaluationRun, hidden: set[int], *, against: int) -> list[View]:
    """A view for each judge that rated anything."""
    return [
        View(
            table,
            [(each, forest_of(each.differences)) for each in table.comparisons],
        )
        for table in _tables(run, hidden, against=against)
    ]


def tables_of(run: EvaluationRun, member: Member, *, against: int = 0) -> list[Table]:
    """A table for each judge that rated anything; the reward's own judge comes last. Prompts that
    the person still has to rate are left out."""
    return _tables(run, hidden_positions(run, member), against=against)


def _tables(run: EvaluationRun, hidden: set[int], *, against: int) -> list[Table]:
    spec = from_json(run.spec.content)
    systems = list(run.systems.order_by("position"))
    checks, groups = _checks(run, systems)
    shown = np.array([position not in hidden for position in range(len(groups))], dtype=bool)
    if not shown.any():
        return []
    tables = []
    judges = run.judges.select_related("judge").order_by("is_reward", "pk")
    for row in judges:
        ratings = _ratings(run, row.judge_id, spec)
        if not ratings:
            continue
        values = []
        for system in systems:
            rated = _columns(spec, ratings.get(system.pk, {}), len(groups))
            columns = checks[system.pk] | rated
            values.append({name: column[shown] for name, column in columns.items()})
        tables.append(
            table_of(
                systems,
                values,
                groups[shown],
                spec=spec,
                judge=row.judge,
                is_reward=row.is_reward,
                against=against,
                seed=run.seed,
            )
        )
    return tables


# The scores of an answer by the criterion's uid.
Outcomes = dict[str, Outcome]


def _checks(
    run: EvaluationRun, systems: Sequence[EvaluatedSystem]
) -> tuple[dict[UUID, dict[str, np.ndarray]], np.ndarray]:
    """What exact checks say of each system's answers, by position, and each prompt's profile."""
    rows = (
        Answer.objects.filter(system__run=run)
        .order_by("position")
        .values_list(
            "system_id", "position", "format", "emotion_match",
            "prompt__turn__dialogue__split_key",
        )
    )  # fmt: skip
    found: dict[UUID, tuple[list[float], list[float]]] = {system.pk: ([], []) for system in systems}
    groups: dict[int, str] = {}
    for system, position, is_formed, is_match, group in rows:
        found[system][0].append(_or_nan(is_formed))
        found[system][1].append(_or_nan(is_match))
        groups[position] = group
    columns = {
        pk: {FORMAT: np.array(formed), EMOTION: np.array(matched)}
        for pk, (formed, matched) in found.items()
    }
    return columns, np.array([groups[position] for position in sorted(groups)])


def _ratings(run: EvaluationRun, judge: UUID, spec: RubricSpec) -> dict[UUID, dict[int, Outcomes]]:
    """One judge's scores by system and position."""
    wanted = [criterion.uid for criterion in spec.judge_criteria]
    rows = Score.objects.filter(
        rating__answer_ratings__answer__system__run=run,
        rating__answer_ratings__judge=judge,
        criterion_uid__in=wanted,
    ).values_list(
        "rating__answer_ratings__answer__system_id",
        "rating__answer_ratings__answer__position",
        "criterion_uid",
        "status",
        "value",
    )
    found: dict[UUID, dict[int, Outcomes]] = {}
    for system, position, uid, status, value in rows:
        found.setdefault(system, {}).setdefault(position, {})[uid] = Outcome(
            status,  # type: ignore[arg-type]
            value,
        )
    return found


def _columns(spec: RubricSpec, ratings: dict[int, Outcomes], prompts: int) -> dict[str, np.ndarray]:
    """Criteria and total of one system, by position."""
    names = [measure.name for measure in measures_of(spec) if not measure.is_share]
    columns = {name: np.full(prompts, np.nan) for name in names}
    for position, outcomes in ratings.items():
        for uid, outcome in outcomes.items():
            if uid in columns and outcome.value is not None:
                columns[uid][position] = outcome.value
        columns[TOTAL][position] = _or_nan(total(spec, outcomes))
    return columns


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _failures(run: EvaluationRun, hidden: set[int]) -> list[str]:
    answers = Answer.objects.filter(system__run=run).exclude(error="")
    answers = answers.exclude(position__in=hidden)
    ratings = AnswerRating.objects.filter(answer__system__run=run, rating=None)
    ratings = ratings.exclude(answer__position__in=hidden)
    reasons = [
        *answers.order_by("pk").values_list("error", flat=True)[:FAILURES],
        *ratings.order_by("pk").values_list("error", flat=True)[:FAILURES],
    ]
    return list(dict.fromkeys(reasons))[:FAILURES]


def _paused(systems: Sequence[SystemProgress], judges: Sequence[EvaluationJudge]) -> list[Endpoint]:
    asked = [
        *(each.system.endpoint for each in systems),
        *(each.judge.endpoint for each in judges),
    ]
    return list({one.pk: one for one in asked if one is not None and one.is_paused}.values())
