"""Training runs with what they report, the checkpoints they leave, and evaluations."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotation.models import Comparison, Rating, Snapshot, Target
from rubrics.models import Judge, RubricVersion, Spec
from training.checkpoints.limits import MAX_LICENCE, MAX_PATH, MAX_REPO, MAX_REVISION
from webapp.accounts.models import ProjectRow
from webapp.db import append_only
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY
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


class EvaluationRun(Run):
    """The same held-out prompts, answered by several systems and scored by several judges."""

    kind = "evaluation"
    title = "Evaluation"
    task = "training.work_on_evaluation"

    # The run that ends with it; null for an evaluation that a person started.
    training = models.OneToOneField(
        TrainingRun, null=True, on_delete=models.PROTECT, related_name="evaluation"
    )
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    max_tokens = models.PositiveIntegerField()
    temperature = models.FloatField()
    seed = models.PositiveIntegerField()

    class Meta(Run.Meta):
        pass


class EvaluatedSystem(ProjectRow):
    """What answers the prompts: a model behind an endpoint, or the replies of the corpus."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="systems")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    # Null: the corpus's own reply to each prompt.
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "position"], name="system_position"),
            models.UniqueConstraint(fields=["run", "name"], name="system_name"),
        ]

    def __str__(self) -> str:
        return self.name


class EvaluationJudge(ProjectRow):
    """A judge of an evaluation. `is_reward` says that a model in it was trained on its scores."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="judges")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    is_reward = models.BooleanField()

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "judge"], name="evaluation_judge"),
        ]


class Answer(ProjectRow):
    """One system's answer to one prompt. As a `text` target it is rated like any other text."""

    system = models.ForeignKey(EvaluatedSystem, on_delete=models.CASCADE, related_name="answers")
    # The held-out turn whose place the answer takes.
    prompt = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    raw = models.TextField(blank=True)
    target = models.ForeignKey(Target, null=True, on_delete=models.PROTECT, related_name="+")
    format = models.FloatField(null=True)
    # Null, too, where the seeker's emotion is not known.
    emotion_match = models.FloatField(null=True)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["system", "prompt"], name="answered_once"),
            models.UniqueConstraint(fields=["system", "position"], name="answer_position"),
            models.CheckConstraint(
                condition=Q(target=None) | Q(error="", format__isnull=False),
                name="answer_or_error",
            ),
        ]
        triggers = append_only(when="OLD.target_id IS NOT NULL")


class AnswerRating(ProjectRow):
    """One judge's rating of an answer, or the reason why there is none."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="ratings")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    rating = models.ForeignKey(
        Rating, null=True, on_delete=models.PROTECT, related_name="answer_ratings"
    )
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["answer", "judge"], name="rated_once_by_a_judge"),
            models.CheckConstraint(
                condition=Q(rating__isnull=False, error="") | (Q(rating=None) & ~Q(error="")),
                name="rating_or_error",
            ),
        ]


class EvaluationComparison(ProjectRow):
    """A blind comparison of two systems of an evaluation: the first reply of each pair is the
    first system's."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="comparisons")
    comparison = models.OneToOneField(
        Comparison, on_delete=models.CASCADE, related_name="evaluation"
    )
    first = models.ForeignKey(EvaluatedSystem, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(EvaluatedSystem, on_delete=models.CASCADE, related_name="+")
    # The same key is the same comparison, as for a run. Empty where none was sent.
    idempotency_key = models.CharField(max_length=MAX_KEY, blank=True, default="")

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["run", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="comparison_once",
            ),
            models.CheckConstraint(condition=~Q(first=F("second")), name="two_systems"),
        ]
        triggers = append_only()
