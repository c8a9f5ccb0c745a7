"""Start judge runs (one judge, one published version, one snapshot) and the fitting of learned
judges on the ratings of a published version."""

from collections.abc import Sequence

from django.db import transaction

from annotation.judge_runs.queries import ratings_for
from annotation.models import Collection, FitRun, JudgeItem, JudgeRun, Rater, Snapshot, Target
from annotation.sets.services import freeze
from rubrics.core.spec import criterion_hash, from_json
from rubrics.judges.queries import require_usable
from rubrics.judges.services import checked_name
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs import services as runs


def judge_start(
    *,
    project: Project,
    actor: User,
    key: str,
    snapshot: Snapshot,
    version: RubricVersion,
    judge: Judge,
) -> JudgeRun:
    """Queue a judge run over a snapshot's members. The same `key` returns the run there is.

    Raises Refused for a version that is not published or rates another kind of text, and for a
    judge whose endpoint was removed or is not the one that it pins."""
    spec = published_spec(version)
    with transaction.atomic():
        known = runs.started_before(JudgeRun, project=project, key=key)
        if known is not None:
            return known
        require_usable(judge)
        _require_some_knowledge(judge, version, spec)
        if snapshot.members.exclude(target__kind__in=_kinds(spec)).exists():
            raise Refused(
                f"{version} can’t rate this kind of text. Choose another set or version.",
                code="target_kind",
            )
        run = runs.start(
            JudgeRun,
            project=project,
            actor=actor,
            key=key,
            snapshot=snapshot,
            version=version,
            spec=spec,
            judge=judge,
        )
        members = snapshot.members.order_by("position").values_list("position", "target_id")
        JudgeItem.objects.bulk_create(
            (
                JudgeItem(project=project, run=run, position=position, target_id=target)
                for position, target in members
            ),
            batch_size=2000,
        )
    return run


def judge_collection(
    *,
    project: Project,
    actor: User,
    key: str,
    collection: Collection,
    limit: int | None,
    seed: int,
    version: RubricVersion,
    judge: Judge,
) -> JudgeRun:
    """Freeze a collection as it is now, in what the version rates, and judge it."""
    spec = published_spec(version)
    with transaction.atomic():
        known = runs.started_before(JudgeRun, project=project, key=key)
        if known is not None:
            return known
        snapshot = freeze(
            collection=collection, actor=actor, seed=seed, limit=limit, kind=_kinds(spec)[0]
        )
        return judge_start(
            project=project,
            actor=actor,
            key=key,
            snapshot=snapshot,
            version=version,
            judge=judge,
        )


def published_spec(version: RubricVersion) -> Spec:
    if version.spec is None:
        raise Refused(
            "Publish the version first. Runs use published versions only.", code="not_published"
        )
    return version.spec


def _require_some_knowledge(judge: Judge, version: RubricVersion, spec: Spec) -> None:
    """A learned judge scores the criteria that it was fitted on; with none of them it would
    score nothing."""
    if judge.kind != Judge.Kind.LEARNED:
        return
    criteria = from_json(spec.content).judge_criteria
    if not any(judge.fitted_on.get(c.uid) == criterion_hash(c) for c in criteria):
        raise Refused(
            f"{judge} has not learned any criterion of {version}. Choose the version that it was "
            "fitted on, or a judge that reads the rubric.",
            code="knows_no_criterion",
        )


def _kinds(spec: Spec) -> tuple[str, ...]:
    """The kinds of target that a spec rates, the first one as sets hold it."""
    if spec.content["target"] == "dialogue":
        return (Target.Kind.DIALOGUE,)
    return (Target.Kind.TURN, Target.Kind.TEXT)


FITTING_KINDS = (
    Rater.Kind.PERSON,
    Rater.Kind.EXTERNAL,
    Rater.Kind.AUTHOR,
    Rater.Kind.CONSTRUCTION,
)
MIN_RATINGS = 20


def fit_start(
    *,
    project: Project,
    actor: User,
    key: str,
    version: RubricVersion,
    judge_name: str,
    rater_kinds: Sequence[str],
    seed: int = SEED.default,
) -> FitRun:
    """Queue the fitting of a judge called `judge_name` on ratings by these kinds of rater."""
    if version.spec is None:
        raise Refused(
            "Publish the version first. A judge learns from ratings with a published version.",
            code="version",
        )
    unknown = set(rater_kinds) - set(FITTING_KINDS)
    if unknown or not rater_kinds:
        raise Refused("Choose whose ratings the judge should learn from.", code="rater_kinds")
    judge_name = checked_name(judge_name)
    SEED.require(seed)
    found = ratings_for(version.spec, rater_kinds=rater_kinds).count()
    if found < MIN_RATINGS:
        raise Refused(
            f"A judge needs at least {MIN_RATINGS} ratings outside the test split. These raters "
            f"gave {found} with this version.",
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
