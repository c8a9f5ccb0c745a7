"""The work of a run: a judge reads texts by a draft and by the version before it.

What was scored is a row for each text, criterion and pass, so a worker that is killed leaves
scores that the next one finds, and nothing is asked twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from django.utils import timezone

from annotation.impact.scoring_passes import ScoringPass, pass_by_uid, scoring_passes
from annotation.judge_runs.work import with_gold
from annotation.models import (
    DraftScore,
    ImpactItem,
    ImpactRun,
    PlaygroundItem,
    PlaygroundRun,
    Rating,
    Score,
)
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges.opening import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import JudgeResult
from rubrics.models import Judge, JudgeCall, Spec
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import away
from webapp.llm.models import ModelCall
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


class _DraftScoring:
    """What does not change while a run is worked on."""

    def __init__(self, run: AnyRun) -> None:
        self.run = run
        self.judge: Judge = run.judge
        found = [r for spec in _specs(run) for r in self.passes_of(from_json(spec.content))]
        # An unchanged criterion is read once for both texts.
        self.passes = list(
            {
                (scoring_pass.hash, *scoring_pass.uids): scoring_pass for scoring_pass in found
            }.values()
        )
        self.spec_of = {
            (scoring_pass.hash, *scoring_pass.uids): spec
            for spec in _specs(run)
            for scoring_pass in self.passes_of(from_json(spec.content))
        }

    def passes_of(self, spec: RubricSpec) -> list[ScoringPass]:
        return scoring_passes(spec, kind=self.judge.kind, parameters=self.judge.parameters)

    def pinned(self, scoring_pass: ScoringPass) -> Spec:
        """The spec that the pass reads. Where both specs have the same words, it is the draft's."""
        return self.spec_of[(scoring_pass.hash, *scoring_pass.uids)]


def _specs(run: AnyRun) -> list[Spec]:
    return [spec for spec in (run.before, run.after) if spec is not None]


async def _try_all(claim: Claim[AnyRun]) -> None:
    scoring = await in_db(_prepare, claim)
    # Whoever waits in the playground is told at once that an endpoint is down.
    patient = claim.run if isinstance(claim.run, ImpactRun) else None
    async with open_judge(scoring.judge, run=patient) as judge:
        await while_held(claim, _try_chunks(claim, scoring, judge))
    await in_db(_fail_if_nothing_was_scored, claim, scoring)


def _prepare(claim: Claim[AnyRun]) -> _DraftScoring:
    """Put failed items back, and take over what this judge gave these texts in judge runs."""
    run = (
        type(claim.run)
        .objects.select_related("judge__endpoint", "judge__artefact", "before", "after")
        .get(pk=claim.run.pk)
    )
    scoring = _DraftScoring(run)
    with claim.writing():
        run.items.filter(state=State.FAILED).update(state=State.WAITING, failures={}, ended_at=None)
        _take_over_ratings(scoring)
        live.publish(run.topic)
    return scoring


def _take_over_ratings(scoring: _DraftScoring) -> None:
    wanted = {
        (uid, scoring_pass.hash) for scoring_pass in scoring.passes for uid in scoring_pass.uids
    }
    scores = (
        Score.objects.filter(
            rating__target_id__in=scoring.run.items.values_list("target_id", flat=True),
            rating__rater__judge=scoring.judge,
            rating__purpose=Rating.Purpose.JUDGE,
            rating__withdrawn_at=None,
            criterion_uid__in={uid for uid, _ in wanted},
            status__in=DraftScore.Status.values,
        )
        .select_related("rating")
        .prefetch_related("evidence")
    )
    specs = Spec.objects.in_bulk({score.rating.spec_id for score in scores})
    hashes = {
        pk: pass_by_uid(scoring.passes_of(from_json(spec.content))) for pk, spec in specs.items()
    }
    insert_scores(
        DraftScore(
            project_id=score.project_id,
            judge=scoring.judge,
            target_id=score.rating.target_id,
            spec_id=score.rating.spec_id,
            criterion_uid=score.criterion_uid,
            pass_hash=pass_hash,
            status=score.status,
            value=score.value,
            rationale=score.rationale,
            evidence=[passage.quote for passage in score.evidence.all()],
            reason=score.reason,
            judge_call_id=score.judge_call_id,
        )
        for score in scores
        if (pass_hash := hashes[score.rating.spec_id].get(score.criterion_uid, ""))
        and (score.criterion_uid, pass_hash) in wanted
    )


def insert_scores(scores: Iterable[DraftScore]) -> None:
    """Insert those that are not there yet."""
    # In one order for all: two runs of a judge may have the same texts in different orders, and
    # would wait for each other.
    in_order = sorted(scores, key=lambda row: (row.target_id, row.criterion_uid, row.pass_hash))
    DraftScore.objects.bulk_create(in_order, ignore_conflicts=True)


async def _try_chunks(claim: Claim[AnyRun], scoring: _DraftScoring, judge: Scorer) -> None:
    while chunk := await in_db(_next_chunk, claim.run):
        inputs, known = await in_db(_read, scoring, chunk)
        seen = _Seen(inputs)

        async def read(
            scoring_pass: ScoringPass, targets: Sequence[UUID], seen: "_Seen" = seen
        ) -> None:
            results = await rate(scoring_pass.spec, [seen.inputs[pk] for pk in targets], judge)
            found = dict(zip(targets, results, strict=True))
            await in_db(_keep, claim, scoring, scoring_pass, found)
            seen.add(scoring_pass, found)
            for result in results:
                claim.note_server_error(result.server_error)

        units = []
        for scoring_pass in scoring.passes:
            if missing := [pk for pk in inputs if _is_missing(known, pk, scoring_pass)]:
                units.append(read(scoring_pass, missing))
        await while_held(claim, *units)
        _wait_where_nobody_answers(scoring, seen)
        await in_db(_end, claim, chunk, seen)
        _stop_where_nothing_scores(claim, seen)


class _Seen:
    """What a chunk's texts were asked for, and what failed."""

    def __init__(self, inputs: Mapping[UUID, JudgeInput]) -> None:
        self.inputs = inputs
        self.asked: dict[UUID, int] = dict.fromkeys(inputs, 0)
        self.failures: dict[UUID, dict[str, str]] = {pk: {} for pk in inputs}
        # Why the judge's endpoint is not asked any more; empty as long as it is.
        self.given_up = ""

    def add(self, scoring_pass: ScoringPass, results: Mapping[UUID, JudgeResult]) -> None:
        for pk, result in results.items():
            self.asked[pk] += len(scoring_pass.spec.judge_criteria)
            self.failures[pk] |= _failures(scoring_pass, result)
            self.given_up = result.given_up or self.given_up


def _next_chunk(run: AnyRun) -> list[AnyItem]:
    waiting = run.items.filter(state=State.WAITING).select_related("target")
    return list(waiting.order_by("position")[:CHUNK])


def _read(scoring: _DraftScoring, chunk: Sequence[AnyItem]) -> tuple[dict[UUID, JudgeInput], Known]:
    """What the judge reads of each text, and which scores are there."""
    targets = [item.target for item in chunk]
    contexts, gold = contexts_of(targets), gold_emotions_of(targets)
    inputs = {
        target.pk: JudgeInput(str(target.pk), with_gold(contexts[target.pk], gold[target.pk]))
        for target in targets
    }
    scores = DraftScore.objects.filter(judge=scoring.judge, target__in=targets)
    return inputs, set(scores.values_list("target_id", "criterion_uid", "pass_hash"))


def _is_missing(known: Known, target: UUID, scoring_pass: ScoringPass) -> bool:
    return any((target, uid, scoring_pass.hash) not in known for uid in scoring_pass.uids)


def _failures(scoring_pass: ScoringPass, result: JudgeResult) -> dict[str, str]:
    return {
        f"{scoring_pass.hash}/{uid}": storable(score.reason)[:1000]
        for uid, score in result.scores.items()
        if score.status == "failed"
    }


def _keep(
    claim: Claim[AnyRun],
    scoring: _DraftScoring,
    scoring_pass: ScoringPass,
    results: Mapping[UUID, JudgeResult],
) -> None:
    """The scores that were given, and what was asked for them: one transaction."""
    with claim.writing():
        calls = _keep_calls(scoring, scoring_pass, results)
        insert_scores(
            (
                DraftScore(
                    project_id=scoring.run.project_id,
                    judge=scoring.judge,
                    target_id=target,
                    spec=scoring.pinned(scoring_pass),
                    criterion_uid=uid,
                    pass_hash=scoring_pass.hash,
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
        live.publish(scoring.run.topic)


def _keep_calls(
    scoring: _DraftScoring, scoring_pass: ScoringPass, results: Mapping[UUID, JudgeResult]
) -> dict[UUID, JudgeCall]:
    """A row for each text that a model was asked about, with the requests made for it; checks and
    learned judges ask nobody."""
    endpoint = scoring.judge.endpoint
    if endpoint is None:
        return {}
    hashes = scoring.run.items.filter(target__in=results).values_list(
        "target_id", "target__context_hash"
    )
    made = {
        pk: JudgeCall(
            project_id=scoring.run.project_id,
            judge=scoring.judge,
            spec=scoring.pinned(scoring_pass),
            context_hash=context_hash,
            run_kind=scoring.run.kind,
            run_id=scoring.run.pk,
            error=storable(" ".join(call.error for call in results[pk].calls if call.error))[:4000],
            cut=results[pk].cut,
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
            run=scoring.run,
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


def _wait_where_nobody_answers(scoring: _DraftScoring, seen: _Seen) -> None:
    """The texts of the chunk wait too, with the scores that they have. Nobody waits in the
    playground."""
    endpoint = scoring.judge.endpoint
    if endpoint is not None and seen.given_up and isinstance(scoring.run, ImpactRun):
        raise away(endpoint, seen.given_up, saved="scores")


def _stop_where_nothing_scores(claim: Claim[AnyRun], seen: _Seen) -> None:
    tried = [pk for pk, count in seen.asked.items() if count]
    silent = [pk for pk in tried if len(seen.failures[pk]) >= seen.asked[pk]]
    if len(silent) >= GIVE_UP_AFTER and silent == tried:
        raise RunFailed(
            f"{len(silent)} texts in a row got no score. {claim.why_nothing_came()} "
            "The scores given so far are saved. Resume the run when the judge answers again."
        )


def _fail_if_nothing_was_scored(claim: Claim[AnyRun], scoring: _DraftScoring) -> None:
    judged = sum(len(scoring_pass.spec.judge_criteria) for scoring_pass in scoring.passes)
    failures = list(scoring.run.items.order_by("position").values_list("failures", flat=True))
    if failures and all(len(reasons) >= max(judged, 1) for reasons in failures):
        raise RunFailed(f"No texts were scored: {len(failures)} failed. {claim.why_nothing_came()}")
