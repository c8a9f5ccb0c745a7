"""Evaluations: the same prompts answered by several systems, scored and compared."""

from django.db import models
from django.db.models import F, Q

from annotation.models import Comparison, Rating, Snapshot, Target
from rubrics.models import Judge, RubricVersion, Spec
from training.models.runs import TrainingRun
from webapp.accounts.models import ProjectRow
from webapp.db import append_only
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY
from webapp.runs.models import Run


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
