"""A fit's work: read the ratings, fit, keep the judge."""

from collections.abc import Mapping, MutableMapping, Sequence

from annotation.judge_runs.queries import ratings_for
from annotation.judge_runs.services import published_spec
from annotation.models import FitRun, Rater, Rating, Score
from annotation.ratings.targets import contexts_of
from rubrics.core.spec import from_json
from rubrics.judges.opening import pack
from rubrics.judges.services import judge_create_learned
from rubrics.judging.learned import LabelledRow, LearnedJudge, fit
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed


def work(run_id: str) -> None:
    """Read the ratings, fit, keep the judge. For a worker."""
    with claimed(FitRun, run_id) as claim:
        if claim is not None and claim.run.judge_id is None:
            rows, ratings = _labelled_rows(claim.run)
            judge = fit_or_fail(claim, rows)
            claim.check()
            _keep(claim, judge, ratings=ratings)


def fit_or_fail(claim: Claim[FitRun], rows: Sequence[LabelledRow]) -> LearnedJudge:
    try:
        return fit(from_json(published_spec(claim.run.version).content), rows, seed=claim.run.seed)
    except ValueError as error:
        raise RunFailed(f"The judge can't be fitted: {error}") from error


def _labelled_rows(run: FitRun) -> tuple[list[LabelledRow], int]:
    """One row for each rating that teaches anything, in the order of the ratings' ids, and how
    many these are. What an adjudicator settled stands for what people gave; where the difference
    is legitimate, their levels stand."""
    ratings = list(
        ratings_for(published_spec(run.version), rater_kinds=run.rater_kinds)
        .select_related("target", "rater")
        .order_by("pk")
    )
    contexts = contexts_of([rating.target for rating in ratings])
    levels: dict[object, dict[str, int]] = {rating.pk: {} for rating in ratings}
    scored = Score.objects.filter(rating__in=ratings, status=Score.Status.SCORED)
    for rating_id, uid, value in scored.values_list("rating_id", "criterion_uid", "value"):
        levels[rating_id][uid] = int(value or 0)
    _drop_overridden(ratings, levels)
    rows = [
        LabelledRow(contexts[rating.target_id], levels[rating.pk])
        for rating in ratings
        if levels[rating.pk]
    ]
    return rows, len(rows)


def _drop_overridden(
    ratings: Sequence[Rating], levels: Mapping[object, MutableMapping[str, int]]
) -> None:
    """Take out of `levels` what people gave where an adjudicator settled it. The latest counts."""
    settled = {
        (target, uid): (rating, status)
        for target, uid, rating, status in Score.objects.filter(
            rating__in=ratings, rating__purpose=Rating.Purpose.ADJUDICATION
        )
        .order_by("rating__submitted_at")
        .values_list("rating__target_id", "criterion_uid", "rating_id", "status")
    }
    for rating in ratings:
        if rating.rater.kind != Rater.Kind.PERSON:
            continue
        for uid in list(levels[rating.pk]):
            latest, status = settled.get((rating.target_id, uid), (rating.pk, ""))
            all_stand = status == Score.Status.NOT_SCORED
            is_independent = rating.purpose != Rating.Purpose.ADJUDICATION
            if latest != rating.pk and not (all_stand and is_independent):
                del levels[rating.pk][uid]


def _keep(claim: Claim[FitRun], judge: LearnedJudge, *, ratings: int) -> None:
    run = claim.run
    file = store(
        project=run.project,
        kind=StoredFile.Kind.ARTEFACT,
        name=f"{run.judge_name}.zip",
        content=pack(judge),
        actor=run.created_by,
    )
    with claim.writing():
        row = judge_create_learned(
            project=run.project,
            actor=run.created_by,
            name=run.judge_name,
            artefact=file,
            fitted_on=judge.fitted_on,
            provenance={
                "fit_run": str(run.pk),
                "version": str(run.version_id),
                "spec": published_spec(run.version).hash,
                "rater_kinds": run.rater_kinds,
                "ratings": ratings,
                "seed": run.seed,
            },
        )
        FitRun.objects.filter(pk=run.pk).update(judge=row)
        live.publish(run.topic)
