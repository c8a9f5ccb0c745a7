"""A difficulty run: the model replies K times to each prompt, then a judge judges every reply."""

from annotation.difficulty.answering import answer_all
from annotation.difficulty.judging import judge_all
from annotation.models import DifficultyReply, DifficultyRun
from rubrics.judges.queries import require_unchanged
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async


def work(run_id: str) -> None:
    """Reply and judge what is left. For a worker."""
    with claimed(DifficultyRun, run_id) as claim:
        if claim is not None:
            run_async(_measure(claim))


async def _measure(claim: Claim[DifficultyRun]) -> None:
    await in_db(_prepare, claim)
    await answer_all(claim)
    await judge_all(claim)
    await in_db(_fail_if_nothing_was_judged, claim)


def _prepare(claim: Claim[DifficultyRun]) -> None:
    """What failed is tried again. A rating without a verdict is none of that: the same judge would
    leave out the same criterion. Nobody replies where the judge can't be asked any more."""
    rows = DifficultyRun.objects.select_related(
        "project", "endpoint", "spec", "judge__endpoint", "judge__artefact"
    )
    claim.run = rows.get(pk=claim.run.pk)
    require_unchanged(claim.run.judge)
    with claim.writing():
        failed = DifficultyReply.objects.filter(prompt__run=claim.run, rating=None)
        failed.exclude(error="").update(error="")
        live.publish(claim.run.topic)


def _fail_if_nothing_was_judged(claim: Claim[DifficultyRun]) -> None:
    replies = DifficultyReply.objects.filter(prompt__run=claim.run)
    if not replies.exclude(verdict="").exists():
        failed = replies.exclude(error="").count()
        raise RunFailed(f"No reply was judged: {failed} failed. {claim.why_nothing_came()}")
