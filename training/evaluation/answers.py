"""One prompt of an evaluation with all its answers and what the judges said of them."""

from dataclasses import dataclass
from typing import Any

from annotation.models import Score
from annotation.ratings.context import Context
from annotation.ratings.targets import context_of, contexts_of
from rubrics.core.spec import Outcome, from_json, total
from rubrics.models import Judge
from training.evaluation.hidden import hidden_positions
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.accounts.access import Member


@dataclass(frozen=True)
class Scored:
    """One judge's scores of an answer, criterion by criterion, or why there are none."""

    judge: Judge
    scores: list[tuple[str, Score | None]]
    total: float | None
    error: str


@dataclass(frozen=True)
class ShownAnswer:
    answer: Answer
    candidate: dict[str, str] | None
    ratings: list[Scored]


@dataclass(frozen=True)
class ShownPrompt:
    """`number` counts from 1; `previous` and `next` are positions, None at the ends. A prompt
    that the person still has to rate (`is_hidden`) shows no answers."""

    number: int
    of: int
    context: Context
    is_hidden: bool
    answers: list[ShownAnswer]
    previous: int | None
    next: int | None


def prompt_of(run: EvaluationRun, member: Member, position: int) -> ShownPrompt | None:
    """The prompt at a position, the last one for a position behind it; None without any."""
    rows = Answer.objects.filter(system__run=run)
    last = rows.order_by("-position").values_list("position", flat=True).first()
    if last is None:
        return None
    at = min(position, last)
    answers = list(
        rows.filter(position=at)
        .select_related("system", "target", "prompt")
        .order_by("system__position")
    )
    is_hidden = at in hidden_positions(run, member)
    shown = [] if is_hidden else answers
    ratings = _ratings(run, shown)
    given = contexts_of([answer.target for answer in shown if answer.target is not None])
    return ShownPrompt(
        number=at + 1,
        of=last + 1,
        context=context_of(answers[0].prompt),
        is_hidden=is_hidden,
        answers=[
            ShownAnswer(
                answer,
                given[answer.target_id]["candidate"] if answer.target_id else None,
                ratings.get(answer.pk, []),
            )
            for answer in shown
        ],
        previous=at - 1 if at else None,
        next=at + 1 if at < last else None,
    )


def _ratings(run: EvaluationRun, answers: list[Answer]) -> dict[Any, list[Scored]]:
    spec = from_json(run.spec.content)
    rows = (
        AnswerRating.objects.filter(answer__in=answers)
        .select_related("judge")
        .prefetch_related("rating__scores")
        .order_by("judge__name", "judge__version")
    )
    found: dict[Any, list[Scored]] = {}
    for row in rows:
        scores = (
            {score.criterion_uid: score for score in row.rating.scores.all()} if row.rating else {}
        )
        outcomes: Any = {uid: Outcome(one.status, one.value) for uid, one in scores.items()}  # type: ignore[arg-type]
        found.setdefault(row.answer_id, []).append(
            Scored(
                row.judge,
                [(each.name, scores.get(each.uid)) for each in spec.judge_criteria],
                total(spec, outcomes) if scores else None,
                row.error,
            )
        )
    return found
