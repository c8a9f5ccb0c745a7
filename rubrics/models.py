"""Rubrics with their versions, the specs that numbers are pinned to, and judges."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.accounts.models import ProjectRow
from webapp.db import frozen, undeletable
from webapp.files.models import StoredFile
from webapp.llm.models import Endpoint, ModelCall


class Rubric(ProjectRow):
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    # A fork keeps where it came from, also across projects: a plain id, not a link.
    copied_from = models.UUIDField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="rubric_number"),
        ]

    def __str__(self) -> str:
        return self.name


class Spec(ProjectRow):
    """An immutable rubric text, addressed by the SHA-256 of its RFC 8785 JSON (DECISIONS 1)."""

    hash = models.CharField(max_length=64)
    spec_format = models.PositiveSmallIntegerField()
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "hash"], name="spec_content"),
        ]
        triggers = [frozen(), undeletable()]

    @property
    def short_hash(self) -> str:
        return self.hash[:6]


class RubricVersion(ProjectRow):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published", "Published"
        ARCHIVED = "archived", "Archived"

    rubric = models.ForeignKey(Rubric, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT)
    # The text while it is being written, in the form of rubrics.spec; may be incomplete.
    draft = models.JSONField()
    # Counts the saves of the draft; a save names the revision that it has seen.
    revision = models.PositiveIntegerField(default=0)
    spec = models.ForeignKey(Spec, null=True, on_delete=models.PROTECT, related_name="versions")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whoever wrote in the draft last, and so can't approve it.
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    self_approved = models.BooleanField(default=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    change_note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["rubric", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["rubric"],
                condition=Q(status__in=["draft", "in_review"]),
                name="one_open_version",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review"])
                | Q(spec__isnull=False, published_at__isnull=False),
                name="published_has_spec",
            ),
        ]
        triggers = [
            # The one change left to a published version is to be archived.
            frozen(when="OLD.status IN ('published', 'archived')", but=("status",)),
            frozen(
                name="one_way",
                when="OLD.status = 'archived' OR (OLD.status = 'published' "
                "AND NEW.status <> 'archived')",
            ),
            undeletable(when="OLD.status IN ('published', 'archived')"),
        ]

    def __str__(self) -> str:
        return f"{self.rubric} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.DRAFT, self.Status.IN_REVIEW)


class Criterion(ProjectRow):
    """A criterion of a published version: the index over its spec (DECISIONS 1)."""

    version = models.ForeignKey(RubricVersion, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    uid = models.CharField(max_length=64)
    meaning_id = models.CharField(max_length=64)
    criterion_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=5)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["version", "uid"], name="criterion_uid"),
        ]
        indexes = [models.Index(fields=["project", "meaning_id"])]
        triggers = [frozen(), undeletable()]


class Level(ProjectRow):
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="levels")
    value = models.SmallIntegerField()
    label = models.CharField(max_length=80)
    anchor = models.TextField()

    class Meta(ProjectRow.Meta):
        ordering = ["value"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["criterion", "value"], name="level_value"),
        ]
        triggers = [frozen(), undeletable()]


class Judge(ProjectRow):
    """One version of a judge. A change is a new row with the next version."""

    class Kind(models.TextChoices):
        LEARNED = "learned", "Learned from ratings"
        LLM = "llm", "Language model"

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=7, choices=Kind)
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="+")
    # The model's name at that endpoint, the prompt's mode and version, sampling.
    parameters = models.JSONField(default=dict)
    artefact = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    # Criterion hashes that a learned judge was fitted on, by uid, and what it was fitted with.
    fitted_on = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    hash = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "name", "version"], name="judge_version"),
            models.CheckConstraint(
                condition=Q(kind="learned", artefact__isnull=False, endpoint__isnull=True)
                | Q(kind="llm", endpoint__isnull=False, artefact__isnull=True),
                name="judge_parts",
            ),
        ]
        triggers = [frozen(), undeletable()]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class JudgeCall(ProjectRow):
    """One pass of a judge over one text: what was asked, and why it failed if it did."""

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="calls")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    context_hash = models.CharField(max_length=64)
    run_kind = models.CharField(max_length=20, blank=True)
    run_id = models.UUIDField(null=True)
    # Null for a learned judge, which asks no server.
    model_call = models.ForeignKey(ModelCall, null=True, on_delete=models.PROTECT, related_name="+")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        indexes = [models.Index(fields=["run_id", "id"])]
        triggers = [frozen()]
