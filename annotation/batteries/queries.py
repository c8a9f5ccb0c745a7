"""Reads about judges on the battery: runs, versions that fit, and the latest verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from annotation.batteries.verdicts import short_verdict
from annotation.models import BatteryItem, BatteryRun
from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash, from_json
from rubrics.judges.queries import short_reason
from rubrics.judging.battery.report import from_json as report_from_json
from rubrics.judging.battery.run import of_the_response
from rubrics.models import Judge, RubricVersion
from rubrics.queries import turn_versions
from webapp.accounts.models import Project
from webapp.runs.models import Status
from webapp.runs.progress import ended_of_each


@dataclass(frozen=True)
class JudgeOnBattery:
    """A judge's line in the list: its latest report, and the run that is under way or that ended
    without one since."""

    reported: BatteryRun | None
    verdict: str
    passed: bool
    later: BatteryRun | None
    # What the next run would judge by; None where no published version fits.
    version: RubricVersion | None
    # Why no new run can use the judge; empty for one that can be used.
    why_not: str = ""

    @property
    def is_under_way(self) -> bool:
        return self.later is not None and not self.later.is_ended


def battery_runs_of(project: Project) -> QuerySet[BatteryRun]:
    states = BatteryItem.State
    return (
        BatteryRun.objects.filter(project=project)
        .select_related("created_by", "judge", "spec", "version__rubric", "project")
        .defer("spec__content", "version__draft")
        .annotate(
            planned=Count("items"),
            done=Count("items", filter=~Q(items__state=states.WAITING)),
            failed=Count("items", filter=Q(items__state=states.FAILED)),
        )
        .order_by("-number")
    )


def counts(runs: Sequence[BatteryRun]) -> dict[UUID, tuple[int, int]]:
    """(cases ended, cases in all) of each run"""
    return ended_of_each(runs, BatteryItem.objects.all(), waiting=BatteryItem.State.WAITING)


def failed_among(runs: Sequence[BatteryRun]) -> set[UUID]:
    """The runs with a case that has no score: one that goes on asks the judge again."""
    failed = BatteryItem.objects.filter(run__in=runs, state=BatteryItem.State.FAILED)
    return set(failed.order_by().values_list("run", flat=True).distinct())


def unlearned_criteria(judge: Judge, spec: RubricSpec) -> list[CriterionSpec]:
    """The criteria of replies that a learned judge was not fitted on. Raises ValueError for a
    rubric that the battery can't be judged by."""
    if judge.kind != Judge.Kind.LEARNED:
        return []
    return [
        criterion
        for criterion in of_the_response(spec).criteria
        if judge.fitted_on.get(criterion.uid) != criterion_hash(criterion)
    ]


def version_for(judge: Judge) -> RubricVersion | None:
    """The newest published version by which the judge gives every case a total."""
    return _first_that_fits(judge, _newest_versions(judge.project))


def _newest_versions(project: Project) -> list[tuple[RubricVersion, RubricSpec]]:
    versions = turn_versions(project).order_by("-published_at", "-pk")
    return [(version, from_json(version.spec.content)) for version in versions if version.spec]


def _first_that_fits(
    judge: Judge, versions: Sequence[tuple[RubricVersion, RubricSpec]]
) -> RubricVersion | None:
    return next((version for version, spec in versions if _fits(judge, spec)), None)


def _fits(judge: Judge, spec: RubricSpec) -> bool:
    try:
        of_the_response(spec)
    except ValueError:
        return False
    return not unlearned_criteria(judge, spec)


def on_battery(project: Project, judges: Sequence[Judge]) -> dict[UUID, JudgeOnBattery]:
    """What a list of judges says of each, by the judge's id. As many queries for many judges as
    for one."""
    versions = _newest_versions(project)
    runs = BatteryRun.objects.filter(project=project, judge__in=judges)
    of_each = runs.order_by("judge_id", "-number").distinct("judge_id")
    reported = {run.judge_id: run for run in of_each.filter(report__isnull=False)}
    latest = {run.judge_id: run for run in of_each.defer("report")}
    return {
        judge.pk: _on_battery(
            judge, reported.get(judge.pk), latest.get(judge.pk), _first_that_fits(judge, versions)
        )
        for judge in judges
    }


def _on_battery(
    judge: Judge,
    reported: BatteryRun | None,
    latest: BatteryRun | None,
    version: RubricVersion | None,
) -> JudgeOnBattery:
    found = report_from_json(reported.report) if reported else None
    is_later = latest is not None and (reported is None or latest.status != Status.SUCCEEDED)
    return JudgeOnBattery(
        reported=reported,
        verdict=short_verdict(found) if found else "",
        passed=found is not None and found.passed,
        later=latest if is_later else None,
        version=version,
        why_not=short_reason(judge),
    )
