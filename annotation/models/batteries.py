"""Judges tried on the battery: replies that none should reward, and plain ones that all should."""

from django.db import models
from django.db.models import Q

from rubrics.models import Judge, JudgeCall, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.runs.models import Run

MAX_CASE_ID = 80


class BatteryRun(Run):
    """A version of a judge rates every case by a published version of a rubric."""

    kind = "battery"
    title = "Battery"
    task = "annotation.work_on_battery"

    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    # Which cases it is about: see rubrics.judging.battery.case.cases_hash.
    cases_hash = models.CharField(max_length=64)
    # See rubrics.judging.battery.report; null until every case was tried.
    report = models.JSONField(null=True)

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.UniqueConstraint(
                fields=["judge", "version"],
                condition=Q(status__in=["pending", "running"]),
                name="one_battery_under_way",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | Q(report__isnull=False),
                name="finished_battery_has_a_report",
            ),
        ]


class BatteryItem(ProjectRow):
    """A case of the battery, and what the judge gave it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Judged"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(BatteryRun, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    case = models.CharField(max_length=MAX_CASE_ID)
    # As those of a target: a case may say what a text of the project says, and whoever still rates
    # that text does not see what the judge gave the case.
    context_hash = models.CharField(max_length=64)
    normal_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    # By the criterion's uid: {"status": …, "value": a level or null}. Empty while it waits.
    scores = models.JSONField(default=dict)
    # The last pass of the judge over it.
    judge_call = models.ForeignKey(JudgeCall, null=True, on_delete=models.PROTECT, related_name="+")
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "case"], name="battery_case_once"),
            models.UniqueConstraint(fields=["run", "position"], name="battery_position"),
            models.CheckConstraint(
                condition=(Q(state="waiting") & Q(ended_at=None))
                | (~Q(state="waiting") & Q(ended_at__isnull=False)),
                name="battery_item_ended",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(error="")) | (~Q(state="failed") & Q(error="")),
                name="battery_item_error",
            ),
        ]
        indexes = [
            models.Index(fields=["run", "state", "position"]),
            models.Index(fields=["project", "normal_hash"], name="battery_normal_hash"),
        ]
