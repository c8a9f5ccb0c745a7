"""Import, generation, judging and fitting as runs, with one row for each unit of work."""

from django.db import models
from django.db.models import Q

from annotation.generation.limits import EXCHANGES, TEMPERATURE
from annotation.models.corpus import Collection, Dialogue, Profile, Snapshot, Target
from annotation.models.ratings import Rating
from rubrics.models import Judge, JudgeCall, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.db import append_only
from webapp.files.models import StoredFile
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.models import Run


class ImportRun(Run):
    kind = "import"
    title = "Import"
    task = "annotation.work_on_import"

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    format = models.CharField(max_length=20)
    collection = models.OneToOneField(Collection, on_delete=models.PROTECT, related_name="+")
    # Null until the file has been counted; null means "counting".
    records_total = models.PositiveIntegerField(null=True)
    # Broken records beyond the first thousand have no line of their own: how many there are, and
    # the number of the last one, behind which a resumed import goes on.
    broken_counted = models.PositiveIntegerField(default=0)
    counted_to = models.PositiveIntegerField(default=0)

    class Meta(Run.Meta):
        pass


class ImportLine(ProjectRow):
    """What became of one record of the file."""

    class Outcome(models.TextChoices):
        ADDED = "added", "Added"
        KNOWN = "known", "Already here"
        BROKEN = "broken", "Broken"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=6, choices=Outcome)
    reason = models.TextField(blank=True)
    # The start of what stands there, where it is broken.
    excerpt = models.TextField(blank=True)
    dialogue = models.ForeignKey(Dialogue, null=True, on_delete=models.PROTECT, related_name="+")
    # Turns of a dialogue that was added, by what became of a model's reasoning in them
    # (rubrics.judging.spans.reasoning_in). The raw text has it.
    reasoning_removed = models.PositiveIntegerField(default=0)
    reasoning_cut = models.PositiveIntegerField(default=0)

    class Meta(ProjectRow.Meta):
        ordering = ["line"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "line"], name="import_line"),
            models.CheckConstraint(
                condition=Q(outcome="broken", dialogue=None)
                | Q(outcome__in=["added", "known"], dialogue__isnull=False),
                name="line_outcome",
            ),
        ]


class GenerationRun(Run):
    kind = "generation"
    title = "Generation"
    task = "annotation.work_on_generation"

    supporter = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")
    simulator = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")
    exchanges = models.PositiveSmallIntegerField(default=EXCHANGES.default)
    temperature = models.FloatField(default=TEMPERATURE.default)
    seed = models.PositiveIntegerField(default=SEED.default)
    collection = models.OneToOneField(Collection, on_delete=models.PROTECT, related_name="+")

    class Meta(Run.Meta):
        pass


class GenerationItem(ProjectRow):
    """One planned dialogue. Its position and the run's seed decide every sample in it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Dropped"

    class Drop(models.TextChoices):
        NO_PASS = "no_pass", "A reply never passed"
        STRUCTURE = "structure", "Broken structure"
        PROFILE = "profile", "Contradicts the profile"
        EMOTION = "emotion", "Emotion jump"
        DUPLICATE = "duplicate", "Near-duplicate"

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    emotion = models.CharField(max_length=16)
    situation = models.TextField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    dialogue = models.OneToOneField(
        Dialogue, null=True, on_delete=models.PROTECT, related_name="generation_item"
    )
    # Why it is dropped; `error` says it in words. What is dropped is never sealed, so it is in no
    # set and no queue.
    drop_reason = models.CharField(max_length=9, choices=Drop, blank=True)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "position"], name="generation_position"),
            models.CheckConstraint(
                condition=(Q(state="dropped") & ~Q(drop_reason=""))
                | (~Q(state="dropped") & Q(drop_reason="")),
                name="drop_reason_where_dropped",
            ),
        ]
        indexes = [models.Index(fields=["run", "state", "position"])]


class JudgeRun(Run):
    kind = "judging"
    title = "Judge run"
    task = "annotation.work_on_judging"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")

    class Meta(Run.Meta):
        pass


class JudgeItem(ProjectRow):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Judged"
        REUSED = "reused", "Reused"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(JudgeRun, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    rating = models.ForeignKey(Rating, null=True, on_delete=models.PROTECT, related_name="+")
    # The last pass of the judge over it; null while it waits and where a rating was reused.
    judge_call = models.ForeignKey(JudgeCall, null=True, on_delete=models.PROTECT, related_name="+")
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "target"], name="judged_once"),
            models.UniqueConstraint(fields=["run", "position"], name="judge_position"),
            models.CheckConstraint(
                condition=Q(state__in=["done", "reused"], rating__isnull=False)
                | Q(state__in=["waiting", "failed"], rating=None),
                name="judge_item_rating",
            ),
        ]
        indexes = [models.Index(fields=["run", "state", "position"])]


class FitRun(Run):
    """Fits a learned judge on the ratings of a rubric version."""

    kind = "fit"
    title = "Fit"
    task = "annotation.work_on_fit"

    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    judge_name = models.CharField(max_length=Judge.MAX_NAME)
    # Kinds of rater whose ratings are used.
    rater_kinds = models.JSONField(default=list)
    seed = models.PositiveIntegerField(default=SEED.default)
    judge = models.OneToOneField(Judge, null=True, on_delete=models.PROTECT, related_name="fit_run")
    # What it stands on: see annotation.judge_runs.basis. Empty until there is a judge, and for fits
    # that were made before this was kept.
    basis = models.JSONField(default=dict)

    class Meta(Run.Meta):
        pass


class FitSource(ProjectRow):
    """A text with ratings that a fit learned from: its judge is never compared with people on it
    (annotation.judge_runs.learned_from). Fits made before this was kept have none."""

    run = models.ForeignKey(FitRun, on_delete=models.CASCADE, related_name="sources")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "target"], name="fit_source_once"),
        ]
        triggers = append_only()
