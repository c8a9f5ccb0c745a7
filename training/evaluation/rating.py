"""The second half of an evaluation: every answer is rated by every judge."""

from collections.abc import Sequence
from typing import Any

from annotation.judge_runs.pipeline import judge_everything
from annotation.judge_runs.work import failure_of, keep_judge_calls, scores_of
from annotation.models import Rating, Target
from annotation.ratings.services import NewRating, rater_for_judge, submit_ratings
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.core.spec import RubricSpec
from rubrics.judges.opening import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import JudgeResult
from rubrics.models import Judge
from training.evaluation.messages import publish
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.runs.work import Claim

# Answers read at once; a learned judge scores as many at once.
CHUNK = 64


async def rate_all(claim: Claim[EvaluationRun], spec: RubricSpec, row: Judge) -> None:
    async with open_judge(row, run=claim.run) as judge:
        work = _Rating(claim, spec, row, judge)
        await judge_everything(claim, work, endpoint=row.endpoint, lot=CHUNK, saved="scores")


class _Rating:
    """One judge's ratings under way."""

    def __init__(
        self, claim: Claim[EvaluationRun], spec: RubricSpec, row: Judge, judge: Scorer
    ) -> None:
        self._claim = claim
        self._spec = spec
        self._row = row
        self._judge = judge
        self._read_up_to: Any = None
        self.given_up = ""

    def next_page(self) -> list[tuple[Answer, JudgeInput]]:
        if self.given_up:
            return []
        answers = Answer.objects.filter(system__run=self._claim.run, target__isnull=False)
        waiting = answers.exclude(ratings__judge=self._row)
        if self._read_up_to is not None:
            waiting = waiting.filter(pk__gt=self._read_up_to)
        page = list(waiting.select_related("target", "prompt").order_by("pk")[:CHUNK])
        if page:
            self._read_up_to = page[-1].pk
        return list(zip(page, _inputs(page), strict=True))

    async def rate(self, units: Sequence[tuple[Answer, JudgeInput]]) -> list[JudgeResult]:
        results = await rate(self._spec, [asked for _, asked in units], self._judge)
        for result in results:
            self.given_up = result.given_up or self.given_up
            self._claim.note_server_error(result.server_error)
        return results

    def keep(self, done: Sequence[tuple[tuple[Answer, JudgeInput], JudgeResult]]) -> None:
        answers = [answer for (answer, _), _ in done]
        targets = [_target(answer) for answer in answers]
        results = [result for _, result in done]
        errors = [failure_of(self._spec, result) for result in results]
        run, row = self._claim.run, self._row
        with self._claim.writing():
            calls = keep_judge_calls(
                run,
                judge=row,
                spec=run.spec,
                context_hashes=[target.context_hash for target in targets],
                results=results,
                errors=errors,
            )
            rater = rater_for_judge(judge=row)
            new = [
                NewRating(target, run.spec, rater, Rating.Purpose.JUDGE, scores_of(result, call))
                for target, result, error, call in zip(targets, results, errors, calls, strict=True)
                if not error
            ]
            made = {one.rating.target_id: one.rating for one in submit_ratings(new)}
            AnswerRating.objects.bulk_create(
                (
                    AnswerRating(
                        project_id=run.project_id,
                        answer=answer,
                        judge=row,
                        rating=None if error else made[target.pk],
                        error=error,
                    )
                    for answer, target, error in zip(answers, targets, errors, strict=True)
                ),
                ignore_conflicts=True,
            )
            publish(run)


def _inputs(answers: Sequence[Answer]) -> list[JudgeInput]:
    """Answers as judges read them; the gold emotion is for an exact check of the rubric only."""
    targets = [_target(answer) for answer in answers]
    contexts = contexts_of(targets)
    gold = gold_emotions_of([answer.prompt for answer in answers])
    return [
        JudgeInput(
            str(target.pk),
            {**contexts[target.pk], "gold_emotion": gold[answer.prompt_id]},
        )
        for answer, target in zip(answers, targets, strict=True)
    ]


def _target(answer: Answer) -> Target:
    assert answer.target is not None  # noqa: S101  (only answers with one are read)
    return answer.target
