"""Talk about an object of a project: threads, which are open or resolved, and their comments."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.accounts.models import ProjectRow


class Thread(ProjectRow):
    """One matter about one place of an object. Who may read it is a rule of the kind of object
    (`webapp.threads.registry`), asked at every read."""

    object_kind = models.CharField(max_length=20)
    # A plain id: the ground knows no app above it.
    object_id = models.UUIDField()
    # The place in the object, such as "criterion:<uid>"; empty for the object as a whole.
    anchor = models.CharField(max_length=100, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(resolved_at=None, resolved_by=None)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="resolved_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["project", "object_kind", "object_id"])]

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class Comment(ProjectRow):
    """What one person said. They may change or remove it; then the place stays, without words."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        # Ids are time-ordered.
        ordering = ["pk"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=(Q(removed_at=None) & ~Q(text="")) | Q(removed_at__isnull=False, text=""),
                name="words_until_removed",
            ),
        ]
