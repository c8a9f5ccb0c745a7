"""Training runs with what they report."""

from django.db import models
from django.db.models import Q

from annotation.models import Snapshot
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.llm.models import Endpoint
from webapp.runs.models import Run


class TrainingRun(Run):
    class Method(models.TextChoices):
        SFT = "sft", "SFT"
        GRPO = "grpo", "GRPO"

    class Gate(models.TextChoices):
        NOT_SET = "not_set", "Not set"
        MET = "met", "Met"
        NOT_MET = "not_met", "Not met"

    MAX_REASON = 2000

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
    # What rewards GRPO. SFT has no reward; its run names one only where a GRPO run follows it.
    judge = models.ForeignKey(Judge, null=True, on_delete=models.PROTECT, related_name="+")
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
    # Why the evaluation that the run ends with could not start; empty where nothing is wrong.
    evaluation_problem = models.TextField(blank=True)
    # Whether rubric and judge met the project's gate when the run was started, and each rule with
    # what was found then: see training.gate.checks.
    gate = models.CharField(max_length=10, choices=Gate, default=Gate.NOT_SET)
    gate_checks = models.JSONField(default=list)
    # Why it was started although a rule was not met.
    gate_reason = models.TextField(blank=True, max_length=MAX_REASON)
    # Of a run that was recorded and is only shown here (training.demo): where, when, how long, and
    # which judge scored it there.
    recorded = models.JSONField(null=True)

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                condition=Q(then_snapshot__isnull=True, then_settings__isnull=True)
                | Q(then_snapshot__isnull=False, then_settings__isnull=False, method="sft"),
                name="plan_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(judge__isnull=False) | Q(method="sft", then_snapshot__isnull=True),
                name="grpo_has_a_judge",
            ),
            models.CheckConstraint(
                condition=Q(gate="not_met") & ~Q(gate_reason="")
                | Q(gate__in=["not_set", "met"], gate_reason=""),
                name="gate_not_met_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} run {self.number}"

    @property
    def judge_endpoint(self) -> Endpoint | None:
        """Where the judge of the reward is asked; None for one that was fitted, and for a run
        without a reward."""
        return self.judge.endpoint if self.judge is not None else None

    @property
    def has_recorded_judge(self) -> bool:
        """Whether another judge than `judge` scored the replies, where they were recorded."""
        return self.recorded is not None and not self.recorded["is_same_judge"]

    @property
    def scorer(self) -> str:
        """The name of the judge that scored the replies; empty for a run without a reward."""
        return "The recorded judge" if self.has_recorded_judge else str(self.judge or "")

    @property
    def scorer_hash(self) -> str:
        """The hash of that judge; of a recorded one that of its files."""
        if self.recorded is not None and self.has_recorded_judge:
            return str(self.recorded["judge_hash"])
        return self.judge.hash if self.judge is not None else ""


class TrainingEvaluationJudge(ProjectRow):
    """A judge of the evaluation that a run ends with, chosen before the run began."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="evaluation_judges")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "judge"], name="training_evaluation_judge"),
        ]


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
    # Of its response, as that of a target (annotation.ratings.same_text).
    normal_hash = models.CharField(max_length=64, blank=True)
    format = models.FloatField()
    # Null where the seeker's emotion is not known.
    emotion_match = models.FloatField(null=True)
    rubric = models.FloatField(null=True)
    # Null where the judgement failed, or where its group has fewer than two rewards to compare.
    reward = models.FloatField(null=True)
    advantage = models.FloatField(null=True)
    scores = models.JSONField(default=dict)
    # The oldest exchanges that the judge did not read, for length.
    cut = models.PositiveIntegerField(default=0)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["run", "step", "prompt_id", "index"], name="rollout_place"
            ),
        ]
        indexes = [models.Index(fields=["project", "normal_hash"], name="rollout_normal_hash")]
