"""One store for uploads, exports, run folders, checkpoints and artefacts."""

from django.conf import settings
from django.db import models

from webapp.accounts.models import ProjectRow


class StoredFile(ProjectRow):
    class Kind(models.TextChoices):
        UPLOAD = "upload"
        EXPORT = "export"
        ARTEFACT = "artefact"
        CHECKPOINT = "checkpoint"

    kind = models.CharField(max_length=10, choices=Kind)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    # As the person named it: shown and offered for download, never a path.
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    keep_until = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "kind", "sha256"], name="file_content"),
        ]

    @property
    def path(self) -> str:
        return f"{self.project_id.hex}/{self.sha256[:2]}/{self.sha256}"
