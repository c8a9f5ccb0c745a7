"""A judge run's work: a rating for each target, written in chunks."""

from collections.abc import Sequence
from typing import Any

from django.db.models import TextField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.context import Context
from annotation.models import JudgeItem, JudgeRun, Rater, Rating, Target
from annotation.services.ratings import (
    NewRating,
    NewScore,
    Passage,
    rater_for_judge,
    submit_ratings,
)
from annotation.services.targets import contexts_of, gold_emotions_of
from rubrics.judges import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Judge as RatingJudge
from rubrics.judging.judge import rate
from rubrics.judging.results import CallRecord, JudgeResult
from rubrics.models import Judge, JudgeCall
from rubrics.spec import RubricSpec, from_json
from rubrics.text import storable
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async, while_held

CHUNK = 64
# A whole chunk without one score: the endpoint is down, not the text at fault.
GIVE_UP_AFTER = 8


def work(run_id: str) -> None:
    """Judge what is left. For a worker."""
    with claimed(JudgeRun, run_id) as claim:
        if claim is not None:
            run_async(_judge_all(claim))


async def _judge_all(claim: Claim[JudgeRun]) -> None:
    rater, row, spec = await in_db(_prepare, claim)
    async with open_judge(row) as judge:
        await while_held(claim, _judge_chunks(claim, rater, spec, judge))
    await in_db(_fail_if_nothing_was_judged, claim.run)


async def _judge_chunks(
    claim: Claim[JudgeRun], rater: Rater, spec: RubricSpec, judge: RatingJudge
) -> None:
    while chunk := await in_db(_next_chunk, claim.run):
        inputs = await in_db(_inputs, chunk)
        results = await rate(spec, inputs, judge)
        await in_db(_keep, claim, rater, chunk, results)
        _stop_where_nothing_scores(results, spec)


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


def _next_chunk(run: JudgeRun) -> list[JudgeItem]:
    waiting = run.items.filter(state=JudgeItem.State.WAITING).select_related("target")
    return list(waiting.order_by("position")[:CHUNK])


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
    chunk: Sequence[JudgeItem],
    results: Sequence[JudgeResult],
) -> None:
    """Ratings for what was judged whole, the reason for the rest, all calls: one transaction."""
    run, now = claim.run, timezone.now()
    spec = from_json(run.spec.content)
    with claim.writing():
        new = []
        for item, result in zip(chunk, results, strict=True):
            item.error = failure_of(spec, result)
            call = _keep_calls(run, item, result)
            if not item.error:
                new.append(_new_rating(run, rater, item.target, result, call))
        made = {done.rating.target_id: done.rating for done in submit_ratings(new)}
        for item in chunk:
            item.state = JudgeItem.State.FAILED if item.error else JudgeItem.State.DONE
            item.rating, item.ended_at = made.get(item.target_id), now
        JudgeItem.objects.bulk_update(chunk, ["state", "error", "ended_at", "rating"])
        live.publish(run.topic)


def _new_rating(
    run: JudgeRun, rater: Rater, target: Target, result: JudgeResult, call: JudgeCall
) -> NewRating:
    scores = [
        NewScore(
            uid=score.uid,
            status=score.status,
            value=score.value,
            expected=score.expected,
            rationale=storable(score.rationale),
            reason=storable(score.reason),
            evidence=[Passage(storable(quote)) for quote in score.evidence],
            judge_call_id=call.pk,
        )
        for score in result.scores.values()
    ]
    return NewRating(target, run.spec, rater, Rating.Purpose.JUDGE, scores)


def failure_of(spec: RubricSpec, result: JudgeResult) -> str:
    """Why this is no rating: a criterion whose judgement failed. Empty where it is one."""
    names = {criterion.uid: criterion.name for criterion in spec.criteria}
    failed: dict[str, list[str]] = {}
    for score in result.scores.values():
        if score.status == "failed":
            failed.setdefault(score.reason, []).append(names[score.uid])
    in_words = (f"{', '.join(criteria)}: {reason}" for reason, criteria in failed.items())
    return storable(" ".join(in_words))[:4000]


def _keep_calls(run: JudgeRun, item: JudgeItem, result: JudgeResult) -> JudgeCall:
    model_calls = [_model_call(run, call) for call in result.calls]
    ModelCall.objects.bulk_create(model_calls)
    return JudgeCall.objects.create(
        project_id=run.project_id,
        judge=run.judge,
        spec=run.spec,
        context_hash=item.target.context_hash,
        run_kind=run.kind,
        run_id=run.pk,
        model_call=model_calls[0] if len(model_calls) == 1 else None,
        error=item.error,
    )


def _model_call(run: JudgeRun, call: CallRecord) -> ModelCall:
    return ModelCall(
        project_id=run.project_id,
        endpoint=run.judge.endpoint,
        purpose=ModelCall.Purpose.JUDGE,
        run_kind=run.kind,
        run_id=run.pk,
        request=call.request,
        reply=storable(call.reply),
        error=storable(call.error),
        latency_ms=call.latency_ms,
        prompt_tokens=call.prompt_tokens or 0,
        completion_tokens=call.completion_tokens or 0,
    )


def _stop_where_nothing_scores(results: Sequence[JudgeResult], spec: RubricSpec) -> None:
    reasons = [failure_of(spec, result) for result in results]
    if len(reasons) >= GIVE_UP_AFTER and all(reasons):
        raise RunFailed(
            f"{len(reasons)} texts in a row got no score. The last reason: {reasons[-1]} "
            "The scores made before are kept; go on when the judge answers again."
        )


def _fail_if_nothing_was_judged(run: JudgeRun) -> None:
    if run.items.exists() and not run.items.filter(rating__isnull=False).exists():
        first = run.items.filter(state=JudgeItem.State.FAILED).first()
        raise RunFailed(f"Nothing was judged. The first reason: {first.error if first else ''}")
