"""Judges and what they were asked."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rubrics.models.rubric import Spec
from webapp.accounts.models import ProjectRow
from webapp.db import append_only
from webapp.files.models import StoredFile
from webapp.llm.models import Endpoint


class Judge(ProjectRow):
    """One version of a judge. A change is a new row with the next version."""

    class Kind(models.TextChoices):
        LEARNED = "learned", "Learned from ratings"
        LLM = "llm", "Language model"

    MAX_NAME = 80

    name = models.CharField(max_length=MAX_NAME)
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
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class JudgeCall(ProjectRow):
    """One pass of a judge over one text, and why it failed if it did. What a model was asked for
    it are the ModelCalls made for this row; a learned judge asks none."""

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="calls")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    context_hash = models.CharField(max_length=64)
    run_kind = models.CharField(max_length=20, blank=True)
    run_id = models.UUIDField(null=True)
    error = models.TextField(blank=True)
    # The oldest exchanges that the judge did not read, for length.
    cut = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        indexes = [models.Index(fields=["run_id", "id"])]
        triggers = append_only()
