"""Try a judge on the battery: one run for each version of a judge and of a rubric at a time."""

from django.db import transaction

from annotation.batteries import cases
from annotation.batteries.queries import unlearned_criteria, version_for
from annotation.judge_runs.services import published_spec
from annotation.models import BatteryItem, BatteryRun
from annotation.ratings.context import context_hash
from annotation.ratings.same_text import normal_hash
from rubrics.core.spec import from_json
from rubrics.judges.queries import require_unchanged, require_usable
from rubrics.judging.battery.run import of_the_response
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import Project, User
from webapp.db import one_at_a_time
from webapp.errors import Refused
from webapp.runs import services as runs
from webapp.runs.models import Status


def battery_start(
    *,
    project: Project,
    actor: User,
    key: str,
    judge: Judge,
    version: RubricVersion | None = None,
) -> BatteryRun:
    """Queue a run of the battery. The same `key` returns the run there is. Without a version it is
    the newest published one that the judge can score.

    Raises Refused for a judge that can't be used or does not know a criterion of the version, for
    a version that is not published or does not rate replies, and while another run of both is
    under way."""
    with transaction.atomic():
        known = runs.started_before(BatteryRun, project=project, key=key)
        if known is not None:
            return known
        require_usable(judge)
        version = version or _newest_for(judge)
        spec = published_spec(version)
        _require_cases_can_be_scored(judge, version, spec)
        one_at_a_time(f"battery/{judge.pk}/{version.pk}")
        _require_none_under_way(judge, version)
        run = runs.start(
            BatteryRun,
            project=project,
            actor=actor,
            key=key,
            judge=judge,
            version=version,
            spec=spec,
            cases_hash=cases.battery_hash(),
        )
        BatteryItem.objects.bulk_create(
            BatteryItem(
                project=project,
                run=run,
                position=position,
                case=case.id,
                context_hash=context_hash(case.context),
                normal_hash=normal_hash(case.context["candidate"]["response"]),
            )
            for position, case in enumerate(cases.battery())
        )
    return run


def _newest_for(judge: Judge) -> RubricVersion:
    version = version_for(judge)
    if version is None:
        raise Refused(
            f"No published rubric version has criteria of replies that {judge} can score.",
            code="no_version",
        )
    return version


def _require_cases_can_be_scored(judge: Judge, version: RubricVersion, spec: Spec) -> None:
    rubric = from_json(spec.content)
    try:
        of_the_response(rubric)
    except ValueError as error:
        raise Refused(f"{version} can’t be used here. {error}", code="target_kind") from None
    unlearned = unlearned_criteria(judge, rubric)
    if unlearned:
        raise Refused(
            f"{judge} has not learned {unlearned[0].name} of {version}, so no reply would get a "
            "total. Choose the version that it was fitted on.",
            code="knows_no_criterion",
        )


def _require_none_under_way(
    judge: Judge, version: RubricVersion, *, but: BatteryRun | None = None
) -> None:
    open_ones = (Status.PENDING, Status.RUNNING)
    under_way = BatteryRun.objects.filter(judge=judge, version=version, status__in=open_ones)
    other = under_way.exclude(pk=but.pk if but else None).first()
    if other is not None:
        raise Refused(
            f"{other} already tries {judge} with {version}. Wait for it, or stop it.",
            code="under_way",
        )


def require_resumable(run: BatteryRun) -> None:
    """Raises Refused where a run can't go on: its judge or the battery has changed since, or
    another run took its place."""
    require_unchanged(run.judge)
    if run.cases_hash != cases.battery_hash():
        raise Refused(
            f"The battery has changed since {run} began. Start a new run.", code="cases_changed"
        )
    _require_none_under_way(run.judge, run.version, but=run)
