"""A fit's work: read the ratings, fit, keep the judge."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.judge_runs.basis import Basis, Levels, measure
from annotation.judge_runs.queries import ratings_for
from annotation.judge_runs.services import published_spec
from annotation.models import FitRun, FitSource, Rater, Rating, Score
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
            lesson = _lesson_of(claim.run)
            claim.check()
            judge = fit_or_fail(claim, lesson.rows)
            claim.check()
            _keep(claim, judge, lesson)


def fit_or_fail(claim: Claim[FitRun], rows: Sequence[LabelledRow]) -> LearnedJudge:
    try:
        return fit(from_json(published_spec(claim.run.version).content), rows, seed=claim.run.seed)
    except ValueError as error:
        raise RunFailed(f"The judge can't be fitted: {error}") from error


@dataclass(frozen=True)
class Lesson:
    """What a judge learns from: one row for each rating that teaches anything, in the order of the
    ratings' ids, the texts that these are of, and what all of it is worth."""

    rows: Sequence[LabelledRow]
    targets: Collection[UUID]
    basis: Basis


def _lesson_of(run: FitRun) -> Lesson:
    """What an adjudicator settled stands for what people gave; where the difference is legitimate,
    their levels stand."""
    spec = published_spec(run.version)
    ratings = list(
        ratings_for(spec, rater_kinds=run.rater_kinds)
        .select_related("target", "rater")
        .order_by("pk")
    )
    contexts = contexts_of([rating.target for rating in ratings])
    given = _levels_in(ratings)
    taught_levels = _without_overridden(ratings, given)
    taught = [rating for rating in ratings if taught_levels[rating.pk]]
    return Lesson(
        rows=[
            LabelledRow(contexts[rating.target_id], taught_levels[rating.pk]) for rating in taught
        ],
        targets={rating.target_id for rating in taught},
        basis=measure(from_json(spec.content), ratings, given, taught=taught),
    )


def _levels_in(ratings: Sequence[Rating]) -> Levels:
    levels: dict[UUID, dict[str, int]] = {rating.pk: {} for rating in ratings}
    scored = Score.objects.filter(rating__in=ratings, status=Score.Status.SCORED)
    for rating_id, uid, value in scored.values_list("rating_id", "criterion_uid", "value"):
        levels[rating_id][uid] = int(value or 0)
    return levels


def _without_overridden(ratings: Sequence[Rating], levels: Levels) -> Levels:
    """The levels without those of people that an adjudicator settled. The latest counts."""
    settled = {
        (target, uid): (rating, status)
        for target, uid, rating, status in Score.objects.filter(
            rating__in=ratings, rating__purpose=Rating.Purpose.ADJUDICATION
        )
        .order_by("rating__submitted_at")
        .values_list("rating__target_id", "criterion_uid", "rating_id", "status")
    }

    def stands(rating: Rating, uid: str) -> bool:
        latest, status = settled.get((rating.target_id, uid), (rating.pk, ""))
        all_stand = status == Score.Status.NOT_SCORED
        is_independent = rating.purpose != Rating.Purpose.ADJUDICATION
        return latest == rating.pk or (all_stand and is_independent)

    return {
        rating.pk: {
            uid: level
            for uid, level in levels[rating.pk].items()
            if rating.rater.kind != Rater.Kind.PERSON or stands(rating, uid)
        }
        for rating in ratings
    }


def _keep(claim: Claim[FitRun], judge: LearnedJudge, lesson: Lesson) -> None:
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
                "ratings": lesson.basis.ratings,
                "seed": run.seed,
            },
        )
        FitRun.objects.filter(pk=run.pk).update(judge=row, basis=lesson.basis.to_json())
        FitSource.objects.bulk_create(
            (
                FitSource(project=run.project, run=run, target_id=target)
                for target in lesson.targets
            ),
            batch_size=2000,
        )
        live.publish(run.topic)
