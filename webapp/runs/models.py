"""The abstract Run and its append-only transition log."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.accounts.models import Project, ProjectRow
from webapp.db import append_only
from webapp.runs.limits import MAX_KEY


class Status(models.TextChoices):
    PENDING = "pending", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Finished"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Stopped"


ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


class Run(ProjectRow):
    """Long work that a worker does for a project.

    `status` changes only through `webapp.runs.services`, by conditional UPDATE, and each change
    appends a Transition. `claim` names the worker that holds the run; every write of that worker
    is fenced by it. Progress is counted from the rows that the run has made, never kept here.
    """

    number = models.PositiveIntegerField()
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    # A double click, a retried request: the same key is the same run.
    idempotency_key = models.CharField(max_length=MAX_KEY)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    # Queued, but nobody takes it before then; what it needs, such as an endpoint, and how often in
    # a row it has waited for that.
    waits_until = models.DateTimeField(null=True)
    waits_for = models.UUIDField(null=True)
    waits = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    # Every table of runs has this manager; Django gives it to the concrete classes only.
    objects: ClassVar[models.Manager[Any]]

    # What people call it, its one-word name in URLs and live topics, and the task that works it.
    kind: str
    title: str
    task: str

    class Meta(ProjectRow.Meta):
        abstract = True
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="%(class)s_number"),
            models.UniqueConstraint(fields=["project", "idempotency_key"], name="%(class)s_once"),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="%(class)s_known_status"
            ),
            models.CheckConstraint(
                condition=Q(status="running", claim__isnull=False)
                | (~Q(status="running") & Q(claim__isnull=True)),
                name="%(class)s_claimed_while_running",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "heartbeat_at"],
                condition=Q(status__in=["pending", "running"]),
                name="%(class)s_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.number}"

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def topic(self) -> str:
        return f"{self.kind}.{self.pk.hex}"


class Transition(models.Model):
    """One change of a run's status. Never changed, never deleted but with its project."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run_kind = models.CharField(max_length=20)
    run_id = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)
    before = models.CharField(max_length=9, choices=Status, blank=True)
    after = models.CharField(max_length=9, choices=Status)
    # Empty where a worker or the reaper did it.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["run_id", "id"])]
        triggers = append_only()
