"""Model servers that a lead has named, what they cost and can do, and every call to one."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, untruncatable
from webapp.llm.limits import CONCURRENCY, DECIMALS, DIGITS, TIMEOUT_S


class Endpoint(ProjectRow):
    """A server that speaks OpenAI's chat completions."""

    MAX_NAME, MAX_URL, MAX_MODEL = 80, 300, 200

    name = models.CharField(max_length=MAX_NAME)
    base_url = models.CharField(max_length=MAX_URL)
    model = models.CharField(max_length=MAX_MODEL)
    # Encrypted with FIELD_KEYS and bound to the scheme, host and port it was entered for.
    secret = models.BinaryField(null=True)
    secret_origin = models.CharField(max_length=MAX_URL, blank=True)
    max_concurrency = models.PositiveSmallIntegerField(default=CONCURRENCY.default)
    timeout_s = models.PositiveSmallIntegerField(default=TIMEOUT_S.default)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)
    # A worker leaves it alone until then, because it failed again and again; null where none does.
    paused_until = models.DateTimeField(null=True)
    pause_reason = models.TextField(blank=True)
    # What the server refuses, and the studio therefore sends otherwise or not at all:
    # {field: {"instead": field or "", "said": words}}, see webapp.llm.client.adaptations.
    adaptations = models.JSONField(default=dict)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "name"], name="endpoint_name"),
            models.CheckConstraint(
                condition=models.Q(max_concurrency__range=(CONCURRENCY.least, CONCURRENCY.most)),
                name="endpoint_concurrency",
            ),
            models.CheckConstraint(
                condition=models.Q(timeout_s__range=(TIMEOUT_S.least, TIMEOUT_S.most)),
                name="endpoint_timeout",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Whether a worker leaves it alone, or is just trying it again. A worker that died in
        the meantime takes the pause with it."""
        trial = timedelta(seconds=self.timeout_s + 5)
        return self.paused_until is not None and timezone.now() < self.paused_until + trial


class Price(ProjectRow):
    """What tokens of an endpoint cost from a day on (UTC), in a currency of the lead's own."""

    MAX_CURRENCY = 8

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="prices")
    since = models.DateField()
    # Per million tokens.
    prompt = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS)
    completion = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS)
    currency = models.CharField(max_length=MAX_CURRENCY)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        ordering = ["-since"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["endpoint", "since"], name="price_from_a_day"),
            models.CheckConstraint(
                condition=models.Q(prompt__gte=0, completion__gte=0), name="price_not_negative"
            ),
        ]
        # A wrong price can be withdrawn, which is audited.
        triggers = [frozen(), untruncatable()]


class EndpointTest(ProjectRow):
    """What a worker found out about an endpoint, once: is it there, how fast, what can it do."""

    class Support(models.TextChoices):
        YES = "yes", "yes"
        NO = "no", "no"
        IGNORED = "ignored", "ignored"
        UNKNOWN = "unknown", "unknown"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="tests")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    # The model and address that were tested; both may be changed later.
    base_url = models.CharField(max_length=Endpoint.MAX_URL)
    model = models.CharField(max_length=Endpoint.MAX_MODEL)
    error = models.TextField(blank=True)
    latency_ms = models.FloatField(null=True)
    reply = models.TextField(blank=True)
    # {name: {"support": Support, "said": words}}; webapp.llm.queries.CAPABILITIES has the names.
    capabilities = models.JSONField(default=dict)
    context_length = models.PositiveIntegerField(null=True)

    class Meta(ProjectRow.Meta):
        indexes = [models.Index(fields=["endpoint", "id"])]
        triggers = append_only(when="OLD.ended_at IS NOT NULL")


class ModelCall(ProjectRow):
    """One request to an endpoint with its reply or its error, opened from the row it made."""

    class Purpose(models.TextChoices):
        SIMULATOR = "simulator", "Seeker"
        SUPPORTER = "supporter", "Supporter"
        CRITIC = "critic", "Critic"
        JUDGE = "judge", "Judge"
        PROPOSAL = "proposal", "Proposals for a rubric"
        TEST = "test", "Test of the endpoint"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=9, choices=Purpose)
    # The run that asked, where one did; runs are of several tables.
    run_kind = models.CharField(max_length=20, blank=True)
    run_id = models.UUIDField(null=True)
    # The row that it was asked for: a turn, a dialogue's plan where no turn came of it, a judge
    # call, a rollout, a test of an endpoint. Rows are of several tables.
    made_for = models.UUIDField(null=True)
    # The way it was asked (webapp.llm.client.forms), and how often it was sent again.
    form = models.CharField(max_length=40, blank=True)
    retries = models.PositiveSmallIntegerField(default=0)
    request = models.JSONField()
    reply = models.TextField(blank=True)
    error = models.TextField(blank=True)
    latency_ms = models.FloatField(null=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        indexes = [
            models.Index(fields=["run_id", "id"]),
            models.Index(fields=["endpoint", "id"]),
            models.Index(
                fields=["made_for", "id"],
                condition=models.Q(made_for__isnull=False),
                name="call_made_for",
            ),
        ]
        triggers = append_only()
