"""Judge runs: one judge, one published version, one snapshot; a rating for each target."""

import asyncio
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from annotation.models import JudgeItem, JudgeRun, Rater, Rating, Snapshot, Target
from annotation.services.ratings import NewRating, rater_for_judge, submit_ratings
from annotation.services.targets import contexts_of, gold_emotions
from rubrics.judges import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Judge as RatingJudge
from rubrics.judging.judge import rate
from rubrics.judging.results import CallRecord, JudgeResult
from rubrics.models import Judge, JudgeCall, RubricVersion
from rubrics.spec import RubricSpec, from_json
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs import services as runs
from webapp.runs.work import Claim, RunFailed, claimed, in_db

CHUNK = 64
# A whole chunk without one score: the endpoint is down, not the text at fault.
GIVE_UP_AFTER = 8


def judge_start(
    *,
    project: Project,
    actor: User,
    key: str,
    snapshot: Snapshot,
    version: RubricVersion,
    judge: Judge,
) -> JudgeRun:
    """Queue a judge run over a snapshot's members. The same `key` returns the run there is."""
    if version.spec is None:
        raise Refused("Publish the version first: runs use published text.", code="not_published")
    with transaction.atomic():
        run = runs.start(
            JudgeRun,
            project=project,
            actor=actor,
            key=key,
            snapshot=snapshot,
            version=version,
            spec=version.spec,
            judge=judge,
        )
        if not run.items.exists():
            members = snapshot.members.order_by("position").values_list("position", "target_id")
            JudgeItem.objects.bulk_create(
                (
                    JudgeItem(project=project, run=run, position=position, target_id=target)
                    for position, target in members
                ),
                batch_size=2000,
            )
    return run


def work(run_id: str) -> None:
    """Judge what is left. For a worker."""
    with claimed(JudgeRun, run_id) as claim:
        if claim is not None:
            asyncio.run(_judge_all(claim))


async def _judge_all(claim: Claim[JudgeRun]) -> None:
    try:
        run = claim.run
        rater = await in_db(_prepare, claim)
        spec = from_json(run.spec.content)
        async with open_judge(run.judge) as judge:
            while chunk := await in_db(_next_chunk, run):
                claim.check()
                inputs = await in_db(_inputs, chunk)
                results = await _rate(claim, spec, inputs, judge)
                await in_db(_keep, claim, rater, chunk, results)
                _stop_where_nothing_scores(results, spec)
        await in_db(_fail_if_nothing_was_judged, run)
    finally:
        await in_db(connection.close)


async def _rate(
    claim: Claim[JudgeRun], spec: RubricSpec, inputs: Sequence[JudgeInput], judge: RatingJudge
) -> list[JudgeResult]:
    """Rate a chunk, and stop waiting for it as soon as the run is stopped."""
    rating = asyncio.ensure_future(rate(spec, inputs, judge))
    while not rating.done():
        await asyncio.wait([rating], timeout=1.0)
        if claim.cancelled.is_set() or claim.lost.is_set():
            rating.cancel()
            claim.check()
    return rating.result()


def _prepare(claim: Claim[JudgeRun]) -> Rater:
    """Put failed items back, and use the ratings that exist for the same text, spec and judge."""
    run = claim.run
    rater = rater_for_judge(judge=run.judge)
    with claim.writing():
        run.items.filter(state=JudgeItem.State.FAILED).update(
            state=JudgeItem.State.WAITING, error="", ended_at=None
        )
        known = dict(
            Rating.objects.filter(
                project_id=run.project_id,
                rater=rater,
                spec=run.spec,
                purpose=Rating.Purpose.JUDGE,
                withdrawn_at=None,
                target__context_hash__in=run.items.filter(state=JudgeItem.State.WAITING).values(
                    "target__context_hash"
                ),
            ).values_list("target__context_hash", "pk")
        )
        reused = []
        for item in run.items.filter(
            state=JudgeItem.State.WAITING, target__context_hash__in=known
        ).select_related("target"):
            item.state, item.ended_at = JudgeItem.State.REUSED, timezone.now()
            item.rating_id = known[item.target.context_hash]
            reused.append(item)
        JudgeItem.objects.bulk_update(reused, ["state", "ended_at", "rating"], batch_size=1000)
        live.publish(run.topic)
    return rater


def _next_chunk(run: JudgeRun) -> list[JudgeItem]:
    waiting = run.items.filter(state=JudgeItem.State.WAITING).select_related("target")
    return list(waiting.order_by("position")[:CHUNK])


def _inputs(chunk: Sequence[JudgeItem]) -> list[JudgeInput]:
    targets: list[Target] = [item.target for item in chunk]
    contexts, gold = contexts_of(targets), gold_emotions(targets)
    return [
        JudgeInput(
            str(target.pk),
            # Only the emotion check reads the gold label; judges never see it.
            {
                **contexts[target.pk],
                **({"gold_emotion": gold[target.pk]} if gold.get(target.pk) else {}),
            },
        )
        for target in targets
    ]


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
            error = failure_of(spec, result)
            call = _keep_calls(run, item, result, error)
            if error:
                item.state, item.error = JudgeItem.State.FAILED, error
            else:
                item.state, item.error = JudgeItem.State.DONE, ""
                new.append(
                    NewRating(target=item.target, scores=tuple(result.scores.values()), call=call)
                )
            item.ended_at = now
        made = submit_ratings(
            project=run.project,
            spec=run.spec,
            rater=rater,
            purpose=Rating.Purpose.JUDGE,
            ratings=new,
        )
        by_target = {rating.target_id: rating for rating in made}
        for item in chunk:
            item.rating = by_target.get(item.target_id) if not item.error else None
        JudgeItem.objects.bulk_update(chunk, ["state", "error", "ended_at", "rating"])
        live.publish(run.topic)


def failure_of(spec: RubricSpec, result: JudgeResult) -> str:
    """Why this is no rating: a criterion whose judgement failed. Empty where it is one."""
    names = {criterion.uid: criterion.name for criterion in spec.criteria}
    failed = [
        f"{names[score.uid]}: {score.reason}"
        for score in result.scores.values()
        if score.status == "failed"
    ]
    return " ".join(failed)[:4000]


def _keep_calls(run: JudgeRun, item: JudgeItem, result: JudgeResult, error: str) -> JudgeCall:
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
        error=error,
    )


def _model_call(run: JudgeRun, call: CallRecord) -> ModelCall:
    return ModelCall(
        project_id=run.project_id,
        endpoint=run.judge.endpoint,
        purpose=ModelCall.Purpose.JUDGE,
        run_kind=run.kind,
        run_id=run.pk,
        request=call.request,
        reply=call.reply,
        error=call.error,
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
