"""Models: the checkpoints of runs, and those from outside."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from training.checkpoints.limits import MAX_LICENCE, MAX_PATH, MAX_REPO, MAX_REVISION
from training.models.runs import TrainingRun
from webapp.accounts.models import ProjectRow
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY
from webapp.runs.models import Run


class Checkpoint(ProjectRow):
    """Weights that can be trained on, served or evaluated."""

    MAX_NAME = 120

    class Origin(models.TextChoices):
        # Of rows that earlier versions made.
        STARTER = "starter", "Starter of earlier versions"
        RUN = "run", "Training run"
        UPLOAD = "upload", "Upload"
        PATH = "path", "Folder on the server"
        HUB = "hub", "Hugging Face Hub"
        PACKAGE = "package", "Package with a model"

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_NAME)
    origin = models.CharField(max_length=7, choices=Origin)
    # The file, the folder, the package or the hub's name that it came from, and the hub's commit.
    source = models.CharField(max_length=MAX_PATH, blank=True)
    revision = models.CharField(max_length=64, blank=True)
    # As the person who added it said; empty is unknown.
    licence = models.CharField(max_length=MAX_LICENCE, blank=True)
    # Null for a model that came from outside.
    run = models.ForeignKey(
        TrainingRun, null=True, on_delete=models.PROTECT, related_name="checkpoints"
    )
    step = models.PositiveIntegerField(default=0)
    # See training.paths.weights_of for where a path begins.
    path = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64)
    # The endpoint where the local model server answers with these weights.
    endpoint = models.OneToOneField(
        Endpoint, null=True, on_delete=models.PROTECT, related_name="checkpoint"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # The same key is the same checkpoint, as for a run. Empty where none was sent.
    idempotency_key = models.CharField(max_length=MAX_KEY, blank=True, default="")

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="checkpoint_number"),
            models.UniqueConstraint(
                fields=["project", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="checkpoint_once",
            ),
            models.UniqueConstraint(
                fields=["run", "step"], condition=Q(run__isnull=False), name="checkpoint_step"
            ),
            models.CheckConstraint(
                condition=Q(origin="run", run__isnull=False)
                | Q(origin__in=["starter", "upload", "path", "hub", "package"], run=None),
                name="checkpoint_origin",
            ),
            models.UniqueConstraint(
                fields=["project", "source"],
                condition=Q(origin="package"),
                name="checkpoint_of_package",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelFetch(Run):
    """A model on its way: downloaded from the hub, or converted from the file of a package on this
    server. It ends with a checkpoint."""

    class Source(models.TextChoices):
        HUB = "hub", "Hugging Face Hub"
        PACKAGE = "package", "Package with a model"

    kind = "fetch"
    title = "Model download"
    task = "training.work_on_fetch"

    source = models.CharField(max_length=7, choices=Source, default=Source.HUB)
    # What the checkpoint will be called, and its licence.
    name = models.CharField(max_length=Checkpoint.MAX_NAME)
    licence = models.CharField(max_length=MAX_LICENCE, blank=True)
    # The hub's name of it, or the package.
    repo = models.CharField(max_length=MAX_REPO)
    # What was asked for, such as a branch, and the commit that it was then; the package's version.
    revision = models.CharField(max_length=MAX_REVISION)
    commit = models.CharField(max_length=64, blank=True)
    checkpoint = models.OneToOneField(
        Checkpoint, null=True, on_delete=models.SET_NULL, related_name="fetch"
    )
    # False where it failed and would fail again, as for a model that the hub does not have.
    can_go_on = models.BooleanField(default=True)

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                condition=Q(source__in=["hub", "package"]), name="modelfetch_known_source"
            ),
        ]

    def __str__(self) -> str:
        if self.source == self.Source.PACKAGE:
            return f"Model conversion {self.number}"
        return super().__str__()


class FetchFile(ProjectRow):
    """One file of a download, and how many of its bytes are here."""

    run = models.ForeignKey(ModelFetch, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    # Expected; empty for small files of the hub, which it keeps in git.
    sha256 = models.CharField(max_length=64, blank=True)
    received = models.BigIntegerField(default=0)

    class Meta(ProjectRow.Meta):
        ordering = ["name"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "name"], name="fetch_file"),
            models.CheckConstraint(
                condition=Q(received__gte=0, received__lte=F("size")), name="fetch_received"
            ),
        ]
