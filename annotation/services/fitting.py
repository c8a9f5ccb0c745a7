"""Start fitting a learned judge on the ratings of a published version."""

from collections.abc import Sequence

from django.db.models import QuerySet

from annotation.models import FitRun, Rater, Rating
from annotation.models.corpus import Split
from rubrics.models import RubricVersion, Spec
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.runs import services as runs

FITTING_KINDS = (Rater.Kind.PERSON, Rater.Kind.EXTERNAL, Rater.Kind.CONSTRUCTION)
MIN_RATINGS = 20


def fit_start(
    *,
    project: Project,
    actor: User,
    key: str,
    version: RubricVersion,
    judge_name: str,
    rater_kinds: Sequence[str],
    seed: int = 0,
) -> FitRun:
    """Queue the fitting of a judge called `judge_name` on ratings by these kinds of rater."""
    if version.spec is None:
        raise Refused("Publish the version first: a judge learns from its ratings.", code="version")
    unknown = set(rater_kinds) - set(FITTING_KINDS)
    if unknown or not rater_kinds:
        raise Refused("Choose whose ratings the judge learns from.", code="rater_kinds")
    found = ratings_for(version.spec, rater_kinds=rater_kinds).count()
    if found < MIN_RATINGS:
        raise Refused(
            f"There are {found} ratings of this version by these raters outside the test split; "
            f"a judge needs at least {MIN_RATINGS}.",
            code="too_few_ratings",
        )
    return runs.start(
        FitRun,
        project=project,
        actor=actor,
        key=key,
        version=version,
        judge_name=judge_name,
        rater_kinds=list(rater_kinds),
        seed=seed,
    )


def ratings_for(spec: Spec, *, rater_kinds: Sequence[str]) -> QuerySet[Rating]:
    """Current ratings that a judge may learn from: never those of the test split."""
    return (
        Rating.objects.filter(
            project_id=spec.project_id,
            spec=spec,
            rater__kind__in=rater_kinds,
            withdrawn_at=None,
        )
        .exclude(target__turn__dialogue__split=Split.TEST)
        .exclude(target__dialogue__split=Split.TEST)
    )
