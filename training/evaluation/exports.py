"""What exports hold of evaluations: every answer with its scores, and the figures of the tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from annotation.exports import registry
from annotation.exports.columns import Chunk, Row, integer, number, records, text
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import (
    SPEC_COLUMNS,
    UNREAD,
    PinnedSpec,
    PinnedSpecs,
    score_rows,
    scores_of,
    split_of,
    target_row,
)
from annotation.exports.texts import as_id
from rubrics.core.spec import Outcome, total
from training.access import TRAINERS
from training.evaluation import queries
from training.evaluation.access import evaluation_for
from training.evaluation.hidden import hidden_positions
from training.evaluation.results import Comparison, Difference
from training.evaluation.results import Table as ResultTable
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.accounts.access import Member
from webapp.errors import Refused

_PLACE = ("evaluations", "Open an evaluation")
_HIDDEN = "Prompts that the person who made this export still had to rate are left out."

JUDGE_COLUMNS = (
    text("judge", "The judge’s name and version"),
    integer("is_reward", "1 if a model of the evaluation was trained on this judge’s scores"),
)
SCORE_NAMES = ("criterion_uid", "criterion", "status", "value", "level", "rationale", "reason")
ANSWER_COLUMNS = (
    integer("evaluation", "The number of the evaluation"),
    text("system", "What answered: a model’s name, or the corpus"),
    integer("prompt", "The prompt’s place in the evaluation, counted from 0"),
    text("prompt_id", "The id of the turn whose place the answer takes, as target_id elsewhere"),
    integer("dialogue", "The number of the prompt’s dialogue"),
    integer("turn", "The turn’s position in it, counted from 0"),
    text("split", "train, validation or test"),
    text("answer_id", "The id of the answer as a text that is rated; equal answers share it"),
    text("raw", "The answer as the model wrote it"),
    number("format", "1 if all four spans are there, else 0"),
    number("emotion_match", "1 if the answer names the emotion, else 0; empty if it is not known"),
    text("error", "Why there is no answer"),
    *SPEC_COLUMNS,
    *JUDGE_COLUMNS,
    text("judge_hash", "SHA-256 of all that makes the judge"),
    number("total", "The rubric’s total by this judge, at most 1; empty if it is undefined"),
    records(
        "scores",
        "The judge’s scores",
        text("criterion_uid", "The criterion’s id"),
        text("criterion", "Its name"),
        text("status", "scored, not_applicable, failed or not_scored"),
        number("value", "The level"),
        text("level", "The level’s label"),
        text("rationale", "Why, in the judge’s words"),
        text("reason", "Why there is no value"),
    ),
    text("rating_error", "Why this judge gave no scores"),
)
FIGURE_COLUMNS = (
    integer("evaluation", "The number of the evaluation"),
    *JUDGE_COLUMNS,
    text("spec_hash", "SHA-256 of the rubric’s text"),
    text("system", "What answered: a model’s name, or the corpus"),
    text("measure", "emotion, format, rubric (the total) or a criterion’s id"),
    text("label", "The measure as the page names it"),
    number("value", "The mean; shares lie between 0 and 1"),
    number("low", "The lower end of the 95 % interval"),
    number("high", "Its upper end"),
    integer("n", "Prompts with a value"),
    integer("profiles", "Profiles that these prompts are of; the bootstrap draws profiles"),
    text("compared_with", "The system that this one is compared with; empty for that system"),
    number("difference", "How much more this system has, on the prompts that both have"),
    number("difference_low", "The lower end of the 95 % interval"),
    number("difference_high", "Its upper end"),
    integer("difference_n", "Prompts that were compared"),
    number(
        "p",
        "Two-sided, by the bootstrap, or by signs if all profiles are alike; not corrected",
    ),
    integer("clear", "1 if the difference is clear after Holm’s correction over all measures"),
)


def register() -> None:
    registry.register(EVALUATION_ANSWERS, EVALUATION_FIGURES)


@dataclass(frozen=True)
class AnswerRows:
    run: EvaluationRun
    rows: QuerySet[Answer]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        specs = PinnedSpecs()
        specs.read([self.run.spec_id])
        pinned = specs[self.run.spec_id]
        rewards = {row.judge_id: row.is_reward for row in self.run.judges.all()}
        ratings = AnswerRating.objects.select_related("judge", "rating").order_by("pk")
        rows = (
            self.rows.select_related("system", "prompt__turn__dialogue", "prompt__dialogue")
            .defer(*(name.replace("target", "prompt", 1) for name in UNREAD))
            .prefetch_related(
                Prefetch("ratings", queryset=ratings.prefetch_related(scores_of("rating__")))
            )
        )
        for found in in_chunks(rows):
            yield Chunk(
                len(found),
                [
                    (split_of(answer.prompt), row)
                    for answer in found
                    for row in _answer_rows(self.run, answer, pinned, rewards)
                ],
            )


def _select_answers(member: Member, filters: Filters) -> AnswerRows:
    run = _run(member, filters)
    rows = Answer.objects.filter(system__run=run, ended_at__isnull=False)
    rows = rows.exclude(position__in=hidden_positions(run, member))
    return AnswerRows(run, rows, f"Answers of {run} with their scores.")


def _answer_rows(
    run: EvaluationRun, answer: Answer, pinned: PinnedSpec, rewards: dict[UUID, bool]
) -> Iterator[Row]:
    """A row for each judge that ended with the answer; one without a judge where none did."""
    place = target_row(answer.prompt)
    shared = {
        "evaluation": run.number,
        "system": answer.system.name,
        "prompt": answer.position,
        "prompt_id": place["target_id"],
        **{name: place[name] for name in ("dialogue", "turn", "split")},
        "answer_id": str(answer.target_id) if answer.target_id else None,
        "raw": answer.raw,
        "format": answer.format,
        "emotion_match": answer.emotion_match,
        "error": answer.error,
        **pinned.row(),
    }
    ratings: list[AnswerRating | None] = list(answer.ratings.all())
    for rating in ratings or [None]:
        yield {**shared, **_rating_row(rating, pinned, rewards)}


def _rating_row(row: AnswerRating | None, pinned: PinnedSpec, rewards: dict[UUID, bool]) -> Row:
    scores = list(score_rows(row.rating, pinned)) if row and row.rating else []
    outcomes: Any = {
        score["criterion_uid"]: Outcome(score["status"], score["value"]) for score in scores
    }
    return {
        "judge": str(row.judge) if row else None,
        "is_reward": int(rewards[row.judge_id]) if row else None,
        "judge_hash": row.judge.hash if row else None,
        "total": total(pinned.spec, outcomes) if scores else None,
        "scores": [{name: score[name] for name in SCORE_NAMES} for score in scores],
        "rating_error": row.error if row else None,
    }


@dataclass(frozen=True)
class FigureRows:
    member: Member
    run: EvaluationRun
    against: int
    about: str

    def count(self) -> int:
        """Judges. All figures are computed at once."""
        return self.run.judges.count()

    def chunks(self) -> Iterator[Chunk]:
        tables = queries.tables_of(self.run, self.member, against=self.against)
        rows = [("", row) for table in tables for row in _figure_rows(self.run, table)]
        yield Chunk(self.count(), rows)


def _select_figures(member: Member, filters: Filters) -> FigureRows:
    run = _run(member, filters)
    if not run.is_ended:
        raise Refused(
            f"{run} is still at work. Export its figures when it has ended.", code="not_ended"
        )
    against = filters.get("against", "0")
    other = next((each for each in run.systems.all() if str(each.position) == against), None)
    if other is None:
        raise Refused("Choose the system to compare with on the evaluation’s page.", code="against")
    about = f"Figures of {run}, compared with {other}."
    return FigureRows(member, run, other.position, about)


def _figure_rows(run: EvaluationRun, table: ResultTable) -> Iterator[Row]:
    comparisons = {each.system: each for each in table.comparisons}
    for row in table.rows:
        compared = comparisons.get(row.system)
        for cell in row.cells:
            found = cell.estimate
            yield {
                "evaluation": run.number,
                "judge": str(table.judge),
                "is_reward": int(table.is_reward),
                "spec_hash": run.spec.hash,
                "system": str(row.system),
                "measure": cell.measure.name,
                "label": cell.measure.label,
                "value": found.value if found else None,
                "low": found.low if found else None,
                "high": found.high if found else None,
                "n": found.n if found else 0,
                "profiles": found.groups if found else 0,
                **_difference_row(compared, cell.measure.name),
            }


def _difference_row(compared: Comparison | None, measure: str) -> Row:
    found: Difference | None = (
        next((each for each in compared.differences if each.measure.name == measure), None)
        if compared
        else None
    )
    estimate = found.estimate if found else None
    return {
        "compared_with": str(compared.other) if compared else None,
        "difference": estimate.value if estimate else None,
        "difference_low": estimate.low if estimate else None,
        "difference_high": estimate.high if estimate else None,
        "difference_n": estimate.n if estimate else None,
        "p": estimate.p if estimate else None,
        "clear": int(found.is_clear) if found else None,
    }


def _run(member: Member, filters: Filters) -> EvaluationRun:
    if "evaluation" not in filters:
        raise Refused("Choose an evaluation. Its page has links to export.", code="evaluation")
    return evaluation_for(member, as_id(filters["evaluation"]))


EVALUATION_ANSWERS = Table(
    name="evaluation_answers",
    title="Answers of an evaluation",
    row="An answer of one system to one prompt, with the scores of one judge",
    unit="answer",
    units="answers",
    roles=TRAINERS,
    columns=ANSWER_COLUMNS,
    select=_select_answers,
    filters=("evaluation",),
    place=_PLACE,
    notes=(
        "An answer that several judges rated has a row for each of them. One that no judge rated "
        "has one row, in which the judge is empty.",
        _HIDDEN,
    ),
)
EVALUATION_FIGURES = Table(
    name="evaluation_figures",
    title="Figures of an evaluation",
    row="A measure of one system by one judge",
    unit="judge",
    units="judges",
    roles=TRAINERS,
    columns=FIGURE_COLUMNS,
    select=_select_figures,
    filters=("evaluation", "against"),
    place=_PLACE,
    notes=(
        "The figures are those of the evaluation’s page. `against` is the place of the system to "
        "compare with, counted from 0: the first one if you leave it out.",
        _HIDDEN,
    ),
    empty="No judge rated an answer to a prompt that you may see.",
)
