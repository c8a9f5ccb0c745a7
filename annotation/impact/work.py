"""The work of a trial: a judge reads texts by a draft and by the version before it.

What was scored is a row for each text, criterion and reading, so a worker that is killed leaves
scores that the next one finds, and nothing is asked twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from django.utils import timezone

from annotation.impact.reading import Reading, by_uid, readings_of
from annotation.judge_runs.work import with_gold
from annotation.models import (
    ImpactItem,
    ImpactRun,
    PlaygroundItem,
    PlaygroundRun,
    Rating,
    Score,
    TrialScore,
)
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges.opening import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Judge as RatingJudge
from rubrics.judging.judge import rate
from rubrics.judging.results import JudgeResult
from rubrics.models import Judge, JudgeCall, Spec
from webapp.llm.models import ModelCall
from webapp.llm.recording import call_rows
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async, while_held
from webapp.text import storable

CHUNK = 24
# So many texts in a row without one score that was asked for: the endpoint is down.
GIVE_UP_AFTER = 8

AnyRun: TypeAlias = ImpactRun | PlaygroundRun
AnyItem: TypeAlias = ImpactItem | PlaygroundItem
State = ImpactItem.State
Known: TypeAlias = set[tuple[UUID, str, str]]


def work(model: type[AnyRun], run_id: str) -> None:
    """Score what is left. For a worker."""
    with claimed(model, run_id) as claim:
        if claim is not None:
            run_async(_try_all(claim))


class _Trial:
    """What does not change while a run is worked on."""

    def __init__(self, run: AnyRun) -> None:
        self.run = run
        self.judge: Judge = run.judge
        found = [r for spec in _specs(run) for r in self.readings(from_json(spec.content))]
        # An unchanged criterion is read once for both texts.
        self.all = list({(reading.hash, *reading.uids): reading for reading in found}.values())
        self.spec_of = {
            (reading.hash, *reading.uids): spec
            for spec in _specs(run)
            for reading in self.readings(from_json(spec.content))
        }

    def readings(self, spec: RubricSpec) -> list[Reading]:
        return readings_of(spec, kind=self.judge.kind, parameters=self.judge.parameters)

    def pinned(self, reading: Reading) -> Spec:
        """The spec that the reading is from; of two with the same words, the draft."""
        return self.spec_of[(reading.hash, *reading.uids)]


def _specs(run: AnyRun) -> list[Spec]:
    return [spec for spec in (run.before, run.after) if spec is not None]


async def _try_all(claim: Claim[AnyRun]) -> None:
    trial = await in_db(_prepare, claim)
    # Whoever waits in the playground is told at once that an endpoint is down.
    patient = claim.run if isinstance(claim.run, ImpactRun) else None
    async with open_judge(trial.judge, run=patient) as judge:
        await while_held(claim, _try_chunks(claim, trial, judge))
    await in_db(_fail_if_nothing_was_scored, trial)


def _prepare(claim: Claim[AnyRun]) -> _Trial:
    """Put failed items back, and take over what this judge gave these texts in judge runs."""
    run = (
        type(claim.run)
        .objects.select_related("judge__endpoint", "judge__artefact", "before", "after")
        .get(pk=claim.run.pk)
    )
    trial = _Trial(run)
    with claim.writing():
        run.items.filter(state=State.FAILED).update(state=State.WAITING, failures={}, ended_at=None)
        _take_over_ratings(trial)
        live.publish(run.topic)
    return trial


def _take_over_ratings(trial: _Trial) -> None:
    wanted = {(uid, reading.hash) for reading in trial.all for uid in reading.uids}
    scores = (
        Score.objects.filter(
            rating__target_id__in=trial.run.items.values_list("target_id", flat=True),
            rating__rater__judge=trial.judge,
            rating__purpose=Rating.Purpose.JUDGE,
            rating__withdrawn_at=None,
            criterion_uid__in={uid for uid, _ in wanted},
            status__in=TrialScore.Status.values,
        )
        .select_related("rating")
        .prefetch_related("evidence")
    )
    specs = Spec.objects.in_bulk({score.rating.spec_id for score in scores})
    readings = {pk: by_uid(trial.readings(from_json(spec.content))) for pk, spec in specs.items()}
    insert_scores(
        TrialScore(
            project_id=score.project_id,
            judge=trial.judge,
            target_id=score.rating.target_id,
            spec_id=score.rating.spec_id,
            criterion_uid=score.criterion_uid,
            reading=reading,
            status=score.status,
            value=score.value,
            rationale=score.rationale,
            evidence=[passage.quote for passage in score.evidence.all()],
            reason=score.reason,
            judge_call_id=score.judge_call_id,
        )
        for score in scores
        if (reading := readings[score.rating.spec_id].get(score.criterion_uid, ""))
        and (score.criterion_uid, reading) in wanted
    )


def insert_scores(scores: Iterable[TrialScore]) -> None:
    """Insert those that are not there yet."""
    # In one order for all: two runs of a judge may have the same texts in different orders, and
    # would wait for each other.
    in_order = sorted(scores, key=lambda row: (row.target_id, row.criterion_uid, row.reading))
    TrialScore.objects.bulk_create(in_order, ignore_conflicts=True)


async def _try_chunks(claim: Claim[AnyRun], trial: _Trial, judge: RatingJudge) -> None:
    while chunk := await in_db(_next_chunk, claim.run):
        inputs, known = await in_db(_read, trial, chunk)
        seen = _Seen(inputs)

        async def read(reading: Reading, targets: Sequence[UUID], seen: "_Seen" = seen) -> None:
            results = await rate(reading.spec, [seen.inputs[pk] for pk in targets], judge)
            found = dict(zip(targets, results, strict=True))
            await in_db(_keep, claim, trial, reading, found)
            seen.add(reading, found)

        units = []
        for reading in trial.all:
            if missing := [pk for pk in inputs if _is_missing(known, pk, reading)]:
                units.append(read(reading, missing))
        await while_held(claim, *units)
        await in_db(_end, claim, chunk, seen)
        _stop_where_nothing_scores(seen)


class _Seen:
    """What a chunk's texts were asked for, and what failed."""

    def __init__(self, inputs: Mapping[UUID, JudgeInput]) -> None:
        self.inputs = inputs
        self.asked: dict[UUID, int] = dict.fromkeys(inputs, 0)
        self.failures: dict[UUID, dict[str, str]] = {pk: {} for pk in inputs}

    def add(self, reading: Reading, results: Mapping[UUID, JudgeResult]) -> None:
        for pk, result in results.items():
            self.asked[pk] += len(reading.spec.judge_criteria)
            self.failures[pk] |= _failures(reading, result)


def _next_chunk(run: AnyRun) -> list[AnyItem]:
    waiting = run.items.filter(state=State.WAITING).select_related("target")
    return list(waiting.order_by("position")[:CHUNK])


def _read(trial: _Trial, chunk: Sequence[AnyItem]) -> tuple[dict[UUID, JudgeInput], Known]:
    """What the judge reads of each text, and which scores are there."""
    targets = [item.target for item in chunk]
    contexts, gold = contexts_of(targets), gold_emotions_of(targets)
    inputs = {
        target.pk: JudgeInput(str(target.pk), with_gold(contexts[target.pk], gold[target.pk]))
        for target in targets
    }
    scores = TrialScore.objects.filter(judge=trial.judge, target__in=targets)
    return inputs, set(scores.values_list("target_id", "criterion_uid", "reading"))


def _is_missing(known: Known, target: UUID, reading: Reading) -> bool:
    return any((target, uid, reading.hash) not in known for uid in reading.uids)


def _failures(reading: Reading, result: JudgeResult) -> dict[str, str]:
    return {
        f"{reading.hash}/{uid}": storable(score.reason)[:1000]
        for uid, score in result.scores.items()
        if score.status == "failed"
    }


def _keep(
    claim: Claim[AnyRun], trial: _Trial, reading: Reading, results: Mapping[UUID, JudgeResult]
) -> None:
    """The scores that were given, and what was asked for them: one transaction."""
    with claim.writing():
        calls = _keep_calls(trial, reading, results)
        insert_scores(
            (
                TrialScore(
                    project_id=trial.run.project_id,
                    judge=trial.judge,
                    target_id=target,
                    spec=trial.pinned(reading),
                    criterion_uid=uid,
                    reading=reading.hash,
                    status=score.status,
                    value=score.value,
                    rationale=storable(score.rationale),
                    evidence=[storable(quote) for quote in score.evidence],
                    reason=storable(score.reason),
                    judge_call=calls.get(target),
                )
                for target, result in results.items()
                for uid, score in result.scores.items()
                if score.status != "failed"
            )
        )
        live.publish(trial.run.topic)


def _keep_calls(
    trial: _Trial, reading: Reading, results: Mapping[UUID, JudgeResult]
) -> dict[UUID, JudgeCall]:
    """A row for each text that a model was asked about, with the requests made for it; checks and
    learned judges ask nobody."""
    endpoint = trial.judge.endpoint
    if endpoint is None:
        return {}
    hashes = trial.run.items.filter(target__in=results).values_list(
        "target_id", "target__context_hash"
    )
    made = {
        pk: JudgeCall(
            project_id=trial.run.project_id,
            judge=trial.judge,
            spec=trial.pinned(reading),
            context_hash=context_hash,
            run_kind=trial.run.kind,
            run_id=trial.run.pk,
            error=storable(" ".join(call.error for call in results[pk].calls if call.error))[:4000],
        )
        for pk, context_hash in hashes
        if results[pk].calls
    }
    JudgeCall.objects.bulk_create(made.values())
    ModelCall.objects.bulk_create(
        row
        for pk, call in made.items()
        for row in call_rows(
            results[pk].calls,
            endpoint=endpoint,
            purpose=ModelCall.Purpose.JUDGE,
            made_for=call.pk,
            run=trial.run,
        )
    )
    return made


def _end(claim: Claim[AnyRun], chunk: Sequence[AnyItem], seen: _Seen) -> None:
    now = timezone.now()
    with claim.writing():
        for item in chunk:
            item.failures, item.ended_at = seen.failures[item.target_id], now
            if item.failures:
                item.state = State.FAILED
            else:
                item.state = State.DONE if seen.asked[item.target_id] else State.REUSED
        # Of either kind, but all of one.
        items: Any = type(chunk[0]).objects
        items.bulk_update(chunk, ["state", "failures", "ended_at"])
        live.publish(claim.run.topic)


def _stop_where_nothing_scores(seen: _Seen) -> None:
    tried = [pk for pk, count in seen.asked.items() if count]
    silent = [pk for pk in tried if len(seen.failures[pk]) >= seen.asked[pk]]
    if len(silent) >= GIVE_UP_AFTER and silent == tried:
        raise RunFailed(
            f"{len(silent)} texts in a row got no score. The last reason: "
            f"{_first(seen.failures[silent[-1]].values())} "
            "The scores given so far are saved. Resume the run when the judge answers again."
        )


def _fail_if_nothing_was_scored(trial: _Trial) -> None:
    judged = sum(len(reading.spec.judge_criteria) for reading in trial.all)
    failures = list(trial.run.items.order_by("position").values_list("failures", flat=True))
    if failures and all(len(reasons) >= max(judged, 1) for reasons in failures):
        raise RunFailed(
            f"The judge gave no scores. The first reason: {_first(failures[0].values())}"
        )


def _first(reasons: Iterable[str]) -> str:
    return next(iter(reasons), "")
