"""Rubrics with their versions, and the specs that numbers are pinned to."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rubrics.core.drafts import MAX_ID, MAX_LABEL, MAX_NAME, MAX_TITLE
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable


class Rubric(ProjectRow):
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_TITLE)
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
        triggers = append_only()

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
    # The text while it is being written, in the form of rubrics.core.spec; may be incomplete.
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
                | Q(status="archived", spec__isnull=False)
                | Q(status="published", spec__isnull=False, published_at__isnull=False),
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
            untruncatable(),
        ]

    def __str__(self) -> str:
        return f"{self.rubric} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.DRAFT, self.Status.IN_REVIEW)

    @property
    def is_set_aside(self) -> bool:
        """A draft that was archived: it is kept to read and to restore, and was never in use."""
        return self.status == self.Status.ARCHIVED and self.published_at is None


class Criterion(ProjectRow):
    """A criterion of a published version: the index over its spec (DECISIONS 1)."""

    version = models.ForeignKey(RubricVersion, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    uid = models.CharField(max_length=MAX_ID)
    meaning_id = models.CharField(max_length=MAX_ID)
    criterion_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=MAX_NAME)
    kind = models.CharField(max_length=5)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["version", "uid"], name="criterion_uid"),
        ]
        indexes = [models.Index(fields=["project", "meaning_id"])]
        triggers = append_only()


class Level(ProjectRow):
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="levels")
    value = models.SmallIntegerField()
    label = models.CharField(max_length=MAX_LABEL)
    anchor = models.TextField()

    class Meta(ProjectRow.Meta):
        ordering = ["value"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["criterion", "value"], name="level_value"),
        ]
        triggers = append_only()
