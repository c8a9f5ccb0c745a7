"""Drafts tried out before they are published: the playground, impact previews, suggestions.

What a judge gives here is no rating: it stays out of agreement, queues and judge runs, which read
ratings only.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.corpus import Target
from rubrics.core.drafts import MAX_ID
from rubrics.models import Judge, JudgeCall, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.models import Run


class DraftScore(ProjectRow):
    """What a judge gives a text for one criterion as it is worded in a spec. It is used again
    wherever the judge would read the same words. A judgement that failed is no score."""

    class Status(models.TextChoices):
        SCORED = "scored", "Scored"
        NOT_APPLICABLE = "not_applicable", "Not applicable"
        NOT_SCORED = "not_scored", "Not scored"

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="draft_scores")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    criterion_uid = models.CharField(max_length=MAX_ID)
    # See annotation.impact.scoring_passes: a hash over all that the judge reads of the rubric.
    pass_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=14, choices=Status)
    value = models.FloatField(null=True)
    rationale = models.TextField(blank=True)
    # Passages of the text, as the judge quotes them.
    evidence = models.JSONField(default=list)
    # Why there is no value.
    reason = models.TextField(blank=True)
    judge_call = models.ForeignKey(JudgeCall, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["target", "judge", "criterion_uid", "pass_hash"], name="one_draft_score"
            ),
            models.CheckConstraint(
                condition=Q(status="scored", value__isnull=False)
                | (~Q(status="scored") & Q(value=None)),
                name="draft_score_value",
            ),
        ]
        triggers = append_only()


class DraftScoringRun(Run):
    """A judge reads texts by a draft and by the version before it."""

    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    # The draft's text when the run was started.
    after = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    # The published text that it is compared with; null where nothing is published yet.
    before = models.ForeignKey(Spec, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(Run.Meta):
        abstract = True


class DraftScoringItem(ProjectRow):
    """One text of a run. Its scores are looked up by judge, text and pass."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Scored"
        REUSED = "reused", "Reused"
        FAILED = "failed", "Failed"

    position = models.PositiveIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    # Why a criterion has no score, by its pass and uid: "<pass_hash>/<uid>".
    failures = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        abstract = True
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "target"], name="%(class)s_once"),
            models.UniqueConstraint(fields=["run", "position"], name="%(class)s_position"),
        ]
        indexes = [models.Index(fields=["run", "state", "position"])]


class PlaygroundRun(DraftScoringRun):
    """A few texts that somebody tries a draft on, beside the editor."""

    kind = "playground"
    title = "Trial"
    task = "annotation.work_on_playground"

    class Meta(DraftScoringRun.Meta):
        pass


class PlaygroundItem(DraftScoringItem):
    run = models.ForeignKey(PlaygroundRun, on_delete=models.CASCADE, related_name="items")

    class Meta(DraftScoringItem.Meta):
        pass


class ImpactRun(DraftScoringRun):
    """What publishing a draft would change, on a sample."""

    kind = "impact"
    title = "Impact preview"
    task = "annotation.work_on_impact"

    # The version whose text is `before`.
    base = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    # Where the sample comes from, in words, and what drew it.
    sample = models.CharField(max_length=200)
    seed = models.PositiveIntegerField(default=SEED.default)

    class Meta(DraftScoringRun.Meta):
        pass


class ImpactItem(DraftScoringItem):
    run = models.ForeignKey(ImpactRun, on_delete=models.CASCADE, related_name="items")
    # A hash over all that came before the reply: replies that share it compete in a group.
    group = models.CharField(max_length=64)

    class Meta(DraftScoringItem.Meta):
        pass


class SuggestionRun(Run):
    """Asks a model for sharper words where raters differ."""

    kind = "suggestion"
    title = "Suggestions"
    task = "annotation.work_on_suggestions"

    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")

    class Meta(Run.Meta):
        pass


class SuggestionSource(ProjectRow):
    """A text whose raters differ on a criterion: what the model is shown."""

    run = models.ForeignKey(SuggestionRun, on_delete=models.CASCADE, related_name="sources")
    position = models.PositiveSmallIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    criterion_uid = models.CharField(max_length=MAX_ID)
    # The levels that people gave, and those of judges and other raters.
    people = models.JSONField(default=list)
    others = models.JSONField(default=list)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "position"], name="suggestion_source_position"),
        ]
        triggers = append_only()


class Suggestion(ProjectRow):
    """A proposal for a draft. Nothing changes before a person accepts it."""

    class Kind(models.TextChoices):
        ANCHOR = "anchor", "Clearer anchor"
        CRITERION = "criterion", "New criterion"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        EDITED = "edited", "Accepted with changes"
        REJECTED = "rejected", "Rejected"

    run = models.ForeignKey(SuggestionRun, on_delete=models.CASCADE, related_name="suggestions")
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=Kind)
    # The criterion that it is about; of a new one, the uid that it would get.
    uid = models.CharField(max_length=MAX_ID)
    level = models.SmallIntegerField(null=True)
    # The proposal: an anchor's text, or a new criterion in the form of rubrics.core.spec.
    content = models.JSONField()
    reason = models.TextField(blank=True)
    # Positions of the run's sources that it came from.
    basis = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    # What was taken over, where a person changed it first.
    edited = models.JSONField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "position"], name="suggestion_position"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by=None, decided_at=None)
                | (~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="suggestion_decided",
            ),
            models.CheckConstraint(
                condition=Q(kind="anchor", level__isnull=False)
                | Q(kind="criterion", level__isnull=True),
                name="suggestion_parts",
            ),
        ]
        indexes = [models.Index(fields=["version", "uid"])]
        triggers = [
            frozen(but=("state", "edited", "decided_by_id", "decided_at")),
            frozen(name="decided_once", when="OLD.state <> 'open'"),
            undeletable(),
            untruncatable(),
        ]
