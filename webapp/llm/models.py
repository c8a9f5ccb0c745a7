"""Model servers that a lead has named, and a record of every call to one."""

from django.conf import settings
from django.db import models

from webapp.accounts.models import ProjectRow
from webapp.db import frozen


class Endpoint(ProjectRow):
    """A server that speaks OpenAI's chat completions."""

    name = models.CharField(max_length=80)
    base_url = models.CharField(max_length=300)
    model = models.CharField(max_length=200)
    # Encrypted with FIELD_KEYS and bound to the scheme, host and port it was entered for.
    secret = models.BinaryField(null=True)
    secret_origin = models.CharField(max_length=300, blank=True)
    max_concurrency = models.PositiveSmallIntegerField(default=16)
    timeout_s = models.PositiveSmallIntegerField(default=60)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "name"], name="endpoint_name"),
            models.CheckConstraint(
                condition=models.Q(max_concurrency__range=(1, 1024)), name="endpoint_concurrency"
            ),
            models.CheckConstraint(
                condition=models.Q(timeout_s__range=(1, 3600)), name="endpoint_timeout"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelCall(ProjectRow):
    """One request to an endpoint with its reply or its error, opened from the row it made."""

    class Purpose(models.TextChoices):
        SIMULATOR = "simulator", "Seeker"
        SUPPORTER = "supporter", "Supporter"
        CRITIC = "critic", "Critic"
        JUDGE = "judge", "Judge"
        TEST = "test", "Test of the endpoint"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=9, choices=Purpose)
    # The run that asked, where one did; runs are of several tables.
    run_kind = models.CharField(max_length=20, blank=True)
    run_id = models.UUIDField(null=True)
    request = models.JSONField()
    reply = models.TextField(blank=True)
    error = models.TextField(blank=True)
    latency_ms = models.FloatField(null=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        indexes = [models.Index(fields=["run_id", "id"])]
        triggers = [frozen()]
