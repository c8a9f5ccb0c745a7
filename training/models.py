"""Training runs with what they report, and the checkpoints and evaluations they leave."""

from django.db import models
from django.db.models import Q

from annotation.models import Snapshot
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.runs.models import Run


class TrainingRun(Run):
    class Method(models.TextChoices):
        SFT = "sft", "SFT"
        GRPO = "grpo", "GRPO"

    kind = "training"
    title = "Training run"
    task = "training.work_on_training"

    method = models.CharField(max_length=4, choices=Method)
    base = models.ForeignKey("Checkpoint", on_delete=models.PROTECT, related_name="+")
    train_snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    held_out_snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    # SFT shows its loss on these; null where the set has no validation split, and for GRPO.
    validation_snapshot = models.ForeignKey(
        Snapshot, null=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    # Everything else that the trainer is told: reward weights, steps, learning rate, seed.
    settings = models.JSONField()
    steps_total = models.PositiveIntegerField()
    # Bytes of the event file that have been read.
    event_offset = models.BigIntegerField(default=0)
    # A plan of two runs: the prompts and settings of the GRPO run that starts from this one's last
    # checkpoint. The run that was started so points back with `follows`.
    then_snapshot = models.ForeignKey(
        Snapshot, null=True, on_delete=models.PROTECT, related_name="+"
    )
    then_settings = models.JSONField(null=True)
    follows = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="followed_by"
    )

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                condition=Q(then_snapshot__isnull=True, then_settings__isnull=True)
                | Q(then_snapshot__isnull=False, then_settings__isnull=False, method="sft"),
                name="plan_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} run {self.number}"


class Metric(models.Model):
    """One number of one step; the series of a run is kept for good."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "name", "step"], name="one_value_per_step")
        ]


class Rollout(ProjectRow):
    """One sampled answer with its reward. It becomes a `text` target when people rate it."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="rollouts")
    step = models.PositiveIntegerField()
    prompt_id = models.CharField(max_length=64)
    index = models.PositiveSmallIntegerField()
    emotion = models.CharField(max_length=16)
    prompt_tail = models.TextField()
    raw = models.TextField()
    spans = models.JSONField(null=True)
    format = models.FloatField()
    # Null where the seeker's emotion is not known.
    emotion_match = models.FloatField(null=True)
    rubric = models.FloatField(null=True)
    reward = models.FloatField()
    advantage = models.FloatField(null=True)
    scores = models.JSONField(default=dict)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["run", "step", "prompt_id", "index"], name="rollout_place"
            ),
        ]


class Checkpoint(ProjectRow):
    """Weights that can be trained on, served or evaluated."""

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    # Null for a model that came from outside, such as the starter.
    run = models.ForeignKey(
        TrainingRun, null=True, on_delete=models.PROTECT, related_name="checkpoints"
    )
    step = models.PositiveIntegerField(default=0)
    # See training.folder.weights_of for where a path begins.
    path = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="checkpoint_number"),
            models.UniqueConstraint(
                fields=["run", "step"], condition=Q(run__isnull=False), name="checkpoint_step"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Evaluation(ProjectRow):
    """Figures on held-out prompts before and after a run, each with its interval."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="evaluations")
    name = models.CharField(max_length=10)
    step = models.PositiveIntegerField()
    n = models.PositiveIntegerField()
    # {metric: {"value": x, "low": x, "high": x}}
    metrics = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "name"], name="one_evaluation"),
        ]
