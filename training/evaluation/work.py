"""An evaluation: every system answers every prompt, then every judge rates every answer."""

from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges.queries import require_unchanged
from rubrics.models import Judge
from training.evaluation.answering import answer_all
from training.evaluation.messages import publish
from training.evaluation.rating import rate_all
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async


def work(run_id: str) -> None:
    """Answer and rate what is left. For a worker."""
    with claimed(EvaluationRun, run_id) as claim:
        if claim is not None:
            run_async(_evaluate(claim))


async def _evaluate(claim: Claim[EvaluationRun]) -> None:
    spec = await in_db(_prepare, claim)
    await answer_all(claim)
    for judge in await in_db(_judges, claim.run):
        await rate_all(claim, spec, judge)
    await in_db(_fail_if_nothing_was_rated, claim)


def _prepare(claim: Claim[EvaluationRun]) -> RubricSpec:
    """What failed is tried again. Nobody answers where a judge can't be asked any more."""
    run = claim.run
    for judge in _judges(run):
        require_unchanged(judge)
    with claim.writing():
        Answer.objects.filter(system__run=run).exclude(error="").update(error="", ended_at=None)
        AnswerRating.objects.filter(answer__system__run=run, rating=None).delete()
        publish(run)
    return from_json(run.spec.content)


def _judges(run: EvaluationRun) -> list[Judge]:
    rows = run.judges.select_related("judge__endpoint", "judge__artefact").order_by("pk")
    return [row.judge for row in rows]


def _fail_if_nothing_was_rated(claim: Claim[EvaluationRun]) -> None:
    ratings = AnswerRating.objects.filter(answer__system__run=claim.run)
    if ratings.filter(rating__isnull=False).exists():
        return
    failed = Answer.objects.filter(system__run=claim.run).exclude(error="").count()
    unrated = ratings.values("answer").distinct().count()
    raise RunFailed(f"No answer was rated: {failed + unrated} failed. {claim.why_nothing_came()}")
