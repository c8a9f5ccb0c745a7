"""The work of a battery run: the judge rates each case, and the report is made of what it gave.

A case's scores are a row as soon as they are there. A worker that is killed leaves them to the
next one, and nothing is asked twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from annotation.batteries import cases
from annotation.judge_runs.pipeline import judge_everything
from annotation.judge_runs.work import failure_of, keep_judge_calls
from annotation.models import BatteryItem, BatteryRun
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges.opening import open_judge
from rubrics.judging.battery.report import to_json
from rubrics.judging.battery.run import asked, of_the_response, report_on
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import CriterionScore, JudgeResult
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async

# Cases read at once; a learned judge scores as many at once.
CHUNK = 32
# So many cases in a row whose answers gave no score: the judge is at fault, not the cases.
GIVE_UP_AFTER = 32

State = BatteryItem.State


def work(run_id: str) -> None:
    """Try what is left, then report. For a worker."""
    with claimed(BatteryRun, run_id) as claim:
        if claim is not None:
            run_async(_try_all(claim))


async def _try_all(claim: Claim[BatteryRun]) -> None:
    run = await in_db(_prepare, claim)
    spec = from_json(run.spec.content)
    async with open_judge(run.judge, run=claim.run) as judge:
        work = _Work(claim, run, of_the_response(spec), judge)
        await judge_everything(claim, work, endpoint=run.judge.endpoint, lot=CHUNK, saved="scores")
    await in_db(_report, claim, spec)


def _prepare(claim: Claim[BatteryRun]) -> BatteryRun:
    """Put failed cases back."""
    run = BatteryRun.objects.select_related("judge__endpoint", "judge__artefact", "spec").get(
        pk=claim.run.pk
    )
    if run.cases_hash != cases.battery_hash():
        raise RunFailed("The battery has changed since this run began. Start a new run.")
    with claim.writing():
        run.items.filter(state=State.FAILED).update(
            state=State.WAITING, error="", scores={}, ended_at=None
        )
        live.publish(run.topic)
    return run


class _Work:
    """What the parts of a battery run share."""

    def __init__(
        self, claim: Claim[BatteryRun], run: BatteryRun, spec: RubricSpec, judge: Scorer
    ) -> None:
        self._claim = claim
        self._run = run
        self._spec = spec
        self._judge = judge
        self._read_up_to = -1
        self._failed_in_a_row = 0
        # Why the judge's endpoint is not asked any more; empty as long as it is.
        self.given_up = ""

    def next_page(self) -> list[BatteryItem]:
        if self.given_up:
            return []
        waiting = self._run.items.filter(state=State.WAITING, position__gt=self._read_up_to)
        items = list(waiting.order_by("position")[:CHUNK])
        if items:
            self._read_up_to = items[-1].position
        return items

    async def rate(self, items: Sequence[BatteryItem]) -> list[JudgeResult]:
        inputs = [asked(cases.by_id()[item.case]) for item in items]
        results = await rate(self._spec, inputs, self._judge)
        for result in results:
            self.given_up = result.given_up or self.given_up
            self._claim.note_server_error(result.server_error)
        return results

    def keep(self, done: Sequence[tuple[BatteryItem, JudgeResult]]) -> None:
        _keep(self._claim, self._run, self._spec, done)
        for item, result in done:
            if not result.given_up:
                self._failed_in_a_row = self._failed_in_a_row + 1 if item.error else 0
        if self._failed_in_a_row >= GIVE_UP_AFTER:
            raise RunFailed(
                f"{self._failed_in_a_row} replies in a row got no score. "
                f"{self._claim.why_nothing_came()} The scores given so far are saved. Resume the "
                "run when the judge answers again."
            )


def _keep(
    claim: Claim[BatteryRun],
    run: BatteryRun,
    spec: RubricSpec,
    done: Sequence[tuple[BatteryItem, JudgeResult]],
) -> None:
    """The scores, or why there are none, and all calls: one transaction."""
    items, results = [item for item, _ in done], [result for _, result in done]
    now = timezone.now()
    for item, result in done:
        item.error = failure_of(spec, result)
        item.state = State.FAILED if item.error else State.DONE
        item.scores, item.ended_at = _scores_to_json(result), now
    with claim.writing():
        calls = keep_judge_calls(
            claim.run,
            judge=run.judge,
            spec=run.spec,
            context_hashes=[item.context_hash for item in items],
            results=results,
            errors=[item.error for item in items],
        )
        for item, call in zip(items, calls, strict=True):
            item.judge_call = call
        BatteryItem.objects.bulk_update(
            items, ["state", "scores", "error", "ended_at", "judge_call"]
        )
        live.publish(run.topic)


def _scores_to_json(result: JudgeResult) -> dict[str, Any]:
    return {
        uid: {"status": score.status, "value": score.value} for uid, score in result.scores.items()
    }


def _result_of(item: BatteryItem) -> JudgeResult:
    scores: Mapping[str, Any] = item.scores
    return JudgeResult(
        item.case,
        {
            uid: CriterionScore(uid, score["status"], score["value"])
            for uid, score in scores.items()
        },
    )


def _report(claim: Claim[BatteryRun], spec: RubricSpec) -> None:
    items = list(claim.run.items.order_by("position"))
    failed = sum(item.state == State.FAILED for item in items)
    if failed == len(items):
        raise RunFailed(f"No replies were judged: {failed} failed. {claim.why_nothing_came()}")
    report = report_on(spec, cases.battery(), [_result_of(item) for item in items])
    with claim.writing():
        BatteryRun.objects.filter(pk=claim.run.pk).update(report=to_json(report))
        live.publish(claim.run.topic)
