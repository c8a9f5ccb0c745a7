"""A judge run's work: a rating for each target, many requests under way at all times."""

from collections.abc import Sequence
from typing import Any

from django.db.models import TextField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.judge_runs.pipeline import judge_everything
from annotation.models import JudgeItem, JudgeRun, Rater, Rating, Target
from annotation.ratings.context import Context
from annotation.ratings.services import (
    NewEvidence,
    NewRating,
    NewScore,
    rater_for_judge,
    submit_ratings,
)
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges.opening import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import JudgeResult
from rubrics.models import Judge, JudgeCall, Spec
from webapp.llm.call_rows import call_rows
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs.models import Run
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async
from webapp.text import storable

# Texts read at once; a learned judge scores as many at once.
CHUNK = 64
# So many texts in a row whose answers gave no score: the judge is at fault, not the texts.
GIVE_UP_AFTER = 32


def work(run_id: str) -> None:
    """Judge what is left. For a worker."""
    with claimed(JudgeRun, run_id) as claim:
        if claim is not None:
            run_async(_judge_all(claim))


async def _judge_all(claim: Claim[JudgeRun]) -> None:
    rater, row, spec = await in_db(_prepare, claim)
    async with open_judge(row, run=claim.run) as judge:
        work = _Work(claim, rater, spec, judge)
        await judge_everything(claim, work, endpoint=row.endpoint, lot=CHUNK, saved="scores")
    await in_db(_fail_if_nothing_was_judged, claim)


class _Work:
    """What the parts of a judge run share."""

    def __init__(
        self, claim: Claim[JudgeRun], rater: Rater, spec: RubricSpec, judge: Scorer
    ) -> None:
        self._claim = claim
        self._rater = rater
        self._spec = spec
        self._judge = judge
        self._read_up_to = -1
        self._failed_in_a_row = 0
        # Why the judge's endpoint is not asked any more; empty as long as it is.
        self.given_up = ""

    def next_page(self) -> list[tuple[JudgeItem, JudgeInput]]:
        if self.given_up:
            return []
        waiting = self._claim.run.items.filter(
            state=JudgeItem.State.WAITING, position__gt=self._read_up_to
        )
        items = list(waiting.select_related("target").order_by("position")[:CHUNK])
        if items:
            self._read_up_to = items[-1].position
        return list(zip(items, _inputs(items), strict=True))

    async def rate(self, units: Sequence[tuple[JudgeItem, JudgeInput]]) -> list[JudgeResult]:
        results = await rate(self._spec, [asked for _, asked in units], self._judge)
        for result in results:
            self.given_up = result.given_up or self.given_up
            self._claim.note_server_error(result.server_error)
        return results

    def keep(self, done: Sequence[tuple[tuple[JudgeItem, JudgeInput], JudgeResult]]) -> None:
        items = [item for (item, _), _ in done]
        results = [result for _, result in done]
        _keep(self._claim, self._rater, self._spec, items, results)
        for item, result in zip(items, results, strict=True):
            if not result.given_up:
                self._failed_in_a_row = self._failed_in_a_row + 1 if item.error else 0
        if self._failed_in_a_row >= GIVE_UP_AFTER:
            raise RunFailed(
                f"{self._failed_in_a_row} texts in a row got no score. "
                f"{self._claim.why_nothing_came()} The scores given so far are saved. Resume the "
                "run when the judge answers again."
            )


def _prepare(claim: Claim[JudgeRun]) -> tuple[Rater, Judge, RubricSpec]:
    """Put failed items back, and use the ratings that exist for the same text, spec and judge."""
    run = JudgeRun.objects.select_related("judge__endpoint", "judge__artefact", "spec").get(
        pk=claim.run.pk
    )
    rater = rater_for_judge(judge=run.judge)
    with claim.writing():
        run.items.filter(state=JudgeItem.State.FAILED).update(
            state=JudgeItem.State.WAITING, error="", ended_at=None
        )
        _reuse(run, rater)
        live.publish(run.topic)
    return rater, run.judge, from_json(run.spec.content)


def _reuse(run: JudgeRun, rater: Rater) -> None:
    """Items whose text this judge has rated by this spec before take that rating. The text's
    context and the emotion that it was written for both have to be the same."""
    waiting = run.items.filter(state=JudgeItem.State.WAITING)
    ratings = Rating.objects.filter(
        project_id=run.project_id,
        rater=rater,
        spec=run.spec,
        purpose=Rating.Purpose.JUDGE,
        withdrawn_at=None,
        target__context_hash__in=waiting.values("target__context_hash"),
    )
    known = {
        (context_hash, gold): pk
        for context_hash, gold, pk in _with_gold(ratings).values_list(
            "target__context_hash", "gold", "pk"
        )
    }
    reused = []
    for item in _with_gold(waiting).select_related("target") if known else ():
        rating_id = known.get((item.target.context_hash, item.gold))
        if rating_id is not None:
            item.state, item.ended_at = JudgeItem.State.REUSED, timezone.now()
            item.rating_id = rating_id
            reused.append(item)
    JudgeItem.objects.bulk_update(reused, ["state", "ended_at", "rating"], batch_size=1000)


def _with_gold(rows: Any) -> Any:
    """With `gold`, the emotion that the target's dialogue was written for, as
    `gold_emotions_of` gives it."""
    return rows.annotate(
        gold=Coalesce(
            "target__turn__dialogue__emotion_label",
            "target__turn__dialogue__emotion",
            "target__dialogue__emotion_label",
            "target__dialogue__emotion",
            Value(""),
            output_field=TextField(),
        )
    )


def _inputs(chunk: Sequence[JudgeItem]) -> list[JudgeInput]:
    targets: list[Target] = [item.target for item in chunk]
    contexts, gold = contexts_of(targets), gold_emotions_of(targets)
    return [
        JudgeInput(str(target.pk), with_gold(contexts[target.pk], gold[target.pk]))
        for target in targets
    ]


def with_gold(context: Context, emotion: str) -> Context:
    """The context for the emotion check too; no judge reads the gold label."""
    return {**context, "gold_emotion": emotion} if emotion else context


def _keep(
    claim: Claim[JudgeRun],
    rater: Rater,
    spec: RubricSpec,
    items: Sequence[JudgeItem],
    results: Sequence[JudgeResult],
) -> None:
    """Ratings for what was judged whole, the reason for the rest, all calls: one transaction."""
    run, now = claim.run, timezone.now()
    for item, result in zip(items, results, strict=True):
        item.error = failure_of(spec, result)
    with claim.writing():
        calls = keep_judge_calls(
            run,
            judge=run.judge,
            spec=run.spec,
            context_hashes=[item.target.context_hash for item in items],
            results=results,
            errors=[item.error for item in items],
        )
        new = [
            _new_rating(run, rater, item.target, result, call)
            for item, result, call in zip(items, results, calls, strict=True)
            if not item.error
        ]
        made = {done.rating.target_id: done.rating for done in submit_ratings(new)}
        for item, call in zip(items, calls, strict=True):
            item.state = JudgeItem.State.FAILED if item.error else JudgeItem.State.DONE
            item.rating, item.judge_call, item.ended_at = made.get(item.target_id), call, now
        JudgeItem.objects.bulk_update(items, ["state", "error", "ended_at", "rating", "judge_call"])
        live.publish(run.topic)


def _new_rating(
    run: JudgeRun, rater: Rater, target: Target, result: JudgeResult, call: JudgeCall
) -> NewRating:
    return NewRating(target, run.spec, rater, Rating.Purpose.JUDGE, scores_of(result, call))


def scores_of(result: JudgeResult, call: JudgeCall) -> list[NewScore]:
    """A judge's result as the scores of a rating."""
    return [
        NewScore(
            uid=score.uid,
            status=score.status,
            value=score.value,
            expected=score.expected,
            rationale=storable(score.rationale),
            reason=storable(score.reason),
            evidence=[NewEvidence(storable(quote)) for quote in score.evidence],
            judge_call_id=call.pk,
        )
        for score in result.scores.values()
    ]


def failure_of(spec: RubricSpec, result: JudgeResult) -> str:
    """Why this is no rating: a criterion whose judgement failed. Empty where it is one."""
    names = {criterion.uid: criterion.name for criterion in spec.criteria}
    failed: dict[str, list[str]] = {}
    for score in result.scores.values():
        if score.status == "failed":
            failed.setdefault(score.reason, []).append(names[score.uid])
    in_words = (f"{', '.join(criteria)}: {reason}" for reason, criteria in failed.items())
    return storable(" ".join(in_words))[:4000]


def keep_judge_calls(
    run: Run,
    *,
    judge: Judge,
    spec: Spec,
    context_hashes: Sequence[str],
    results: Sequence[JudgeResult],
    errors: Sequence[str],
) -> list[JudgeCall]:
    """A row for each pass over a text, and one for each request that was made for it."""
    calls = [
        JudgeCall(
            project_id=run.project_id,
            judge=judge,
            spec=spec,
            context_hash=context_hash,
            run_kind=run.kind,
            run_id=run.pk,
            error=error,
            cut=result.cut,
        )
        for context_hash, error, result in zip(context_hashes, errors, results, strict=True)
    ]
    JudgeCall.objects.bulk_create(calls)
    if judge.endpoint is not None:
        ModelCall.objects.bulk_create(
            row
            for call, result in zip(calls, results, strict=True)
            for row in call_rows(
                result.calls,
                endpoint=judge.endpoint,
                purpose=ModelCall.Purpose.JUDGE,
                made_for=call.pk,
                run=run,
            )
        )
    return calls


def _fail_if_nothing_was_judged(claim: Claim[JudgeRun]) -> None:
    items = claim.run.items
    if items.exists() and not items.filter(rating__isnull=False).exists():
        failed = items.filter(state=JudgeItem.State.FAILED).count()
        raise RunFailed(f"No texts were judged: {failed} failed. {claim.why_nothing_came()}")
