"""Ratings by people and judges alike: one rater, one pass, one score a criterion."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.corpus import Target
from rubrics.core.drafts import MAX_ID
from rubrics.models import Judge, JudgeCall, Spec
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable


class Rater(ProjectRow):
    """Who rates: a person, a judge, somebody outside (the raters of an imported data set, the
    seeker of a survey), an author of a written corpus who rates its replies, or the construction
    of a synthetic text. Only persons count as people in agreement."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        JUDGE = "judge", "Judge"
        EXTERNAL = "external", "Source rater"
        AUTHOR = "author", "Author"
        CONSTRUCTION = "construction", "Synthetic"

    kind = models.CharField(max_length=12, choices=Kind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    judge = models.ForeignKey(Judge, null=True, on_delete=models.PROTECT, related_name="raters")
    label = models.CharField(max_length=80, blank=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind="person", user__isnull=False, judge=None, label="")
                | Q(kind="judge", user=None, judge__isnull=False, label="")
                | (
                    Q(kind__in=["external", "author", "construction"], user=None, judge=None)
                    & ~Q(label="")
                ),
                name="rater_parts",
            ),
            models.UniqueConstraint(
                fields=["project", "user"], condition=Q(kind="person"), name="rater_of_person"
            ),
            models.UniqueConstraint(
                fields=["project", "judge"], condition=Q(kind="judge"), name="rater_of_judge"
            ),
            models.UniqueConstraint(
                fields=["project", "kind", "label"],
                condition=Q(kind__in=["external", "author", "construction"]),
                name="rater_label",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user or self.judge or self.label)


class Rating(ProjectRow):
    """One rater's pass over one target. It is written whole when it is submitted and never
    changes; an undo withdraws it."""

    class Purpose(models.TextChoices):
        DESK = "desk", "Desk"
        GOLD = "gold", "Gold"
        NORMING = "norming", "Norming"
        ADJUDICATION = "adjudication", "Adjudication"
        IMPORT = "import", "Import"
        CONSTRUCTION = "construction", "Synthetic"
        JUDGE = "judge", "Judge"

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="ratings")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="ratings")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="ratings")
    purpose = models.CharField(max_length=12, choices=Purpose)
    pass_number = models.PositiveSmallIntegerField(default=1)
    # Seconds of work on it, idle time left out; null where nobody measured.
    active_seconds = models.FloatField(null=True)
    submitted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["target", "spec", "rater", "purpose", "pass_number"],
                condition=Q(withdrawn_at=None),
                name="one_current_rating",
            ),
        ]
        indexes = [models.Index(fields=["project", "spec", "purpose"])]
        triggers = [
            frozen(but=("withdrawn_at",)),
            frozen(name="withdrawn_once", when="OLD.withdrawn_at IS NOT NULL"),
            undeletable(),
            untruncatable(),
        ]


class Score(ProjectRow):
    class Status(models.TextChoices):
        SCORED = "scored", "Scored"
        NOT_APPLICABLE = "not_applicable", "Not applicable"
        FAILED = "failed", "Failed"
        NOT_SCORED = "not_scored", "Not scored"

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="scores")
    criterion_uid = models.CharField(max_length=MAX_ID)
    meaning_id = models.CharField(max_length=MAX_ID)
    criterion_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=14, choices=Status)
    value = models.FloatField(null=True)
    # A judge's expected score over the levels, where it gives one.
    expected = models.FloatField(null=True)
    rationale = models.TextField(blank=True)
    # Why there is no value.
    reason = models.TextField(blank=True)
    judge_call = models.ForeignKey(
        JudgeCall, null=True, on_delete=models.PROTECT, related_name="scores"
    )

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["rating", "criterion_uid"], name="one_score"),
            # Fail closed: a value exactly where something was scored.
            models.CheckConstraint(
                condition=Q(status="scored", value__isnull=False)
                | (~Q(status="scored") & Q(value=None)),
                name="value_where_scored",
            ),
        ]
        indexes = [models.Index(fields=["project", "meaning_id"])]
        triggers = append_only()


class Evidence(ProjectRow):
    """A passage that a rater marked, in Unicode code points; without offsets where the quote
    can't be found in the text."""

    score = models.ForeignKey(Score, on_delete=models.CASCADE, related_name="evidence")
    span = models.CharField(max_length=13)
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    quote = models.TextField()

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(start=None, end=None)
                | Q(start__isnull=False, end__gt=models.F("start")),
                name="evidence_range",
            ),
        ]
        triggers = append_only()
