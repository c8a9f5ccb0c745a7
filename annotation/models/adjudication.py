"""What an adjudicator decides where the raters of an item differ, and why they did."""

from django.db import models
from django.db.models import Q

from annotation.models.desk import Item
from annotation.models.ratings import Rater, Rating, Score
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable


class Adjudication(ProjectRow):
    """One adjudicator's work on one item: reserved for a while, then submitted or given back.
    An item has one at a time. The draft of the decisions lives here until it is submitted."""

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        SUBMITTED = "submitted", "Submitted"
        RELEASED = "released", "Released"

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="adjudications")
    adjudicator = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="adjudications")
    state = models.CharField(max_length=9, choices=State, default=State.RESERVED)
    leased_until = models.DateTimeField()
    # {"scores": {uid: value or "na"}, "causes": {uid: cause}, "rationales": {uid: text}}, see
    # annotation.adjudication.drafts. It stays after the submit, for an undo.
    draft = models.JSONField(default=dict)
    draft_revision = models.PositiveIntegerField(default=0)
    draft_saved_at = models.DateTimeField(null=True)
    active_seconds = models.FloatField(default=0)
    rating = models.OneToOneField(Rating, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["item", "adjudicator"], name="one_adjudication_of_a_person"
            ),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=["reserved", "submitted"]),
                name="one_adjudication_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="submitted", rating__isnull=False, submitted_at__isnull=False)
                | (~Q(state="submitted") & Q(rating=None)),
                name="adjudicated_where_submitted",
            ),
        ]
        indexes = [models.Index(fields=["adjudicator", "state"])]
        triggers = [
            # Only an undo opens what was submitted: it withdraws the rating.
            frozen(
                when="OLD.state = 'submitted'",
                but=("state", "rating_id", "submitted_at", "leased_until"),
            ),
            undeletable(when="OLD.state = 'submitted'"),
            untruncatable(),
        ]


class Decision(ProjectRow):
    """Why the raters differed on one criterion. The level, or none, and the reason in words are
    those of `score`. `cause` is empty where they did not differ enough to ask."""

    class Cause(models.TextChoices):
        AMBIGUOUS = "ambiguous_rubric", "Ambiguous rubric"
        GAP = "guidance_gap", "Gap in the guidance"
        ERROR = "rater_error", "Rater error"
        HARD = "hard_case", "Hard case"
        LEGITIMATE = "legitimate_difference", "Legitimate difference"

    adjudication = models.ForeignKey(
        Adjudication, on_delete=models.CASCADE, related_name="decisions"
    )
    score = models.OneToOneField(Score, on_delete=models.PROTECT, related_name="decision")
    cause = models.CharField(max_length=21, choices=Cause, blank=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(
                    cause__in=[
                        "",
                        "ambiguous_rubric",
                        "guidance_gap",
                        "rater_error",
                        "hard_case",
                        "legitimate_difference",
                    ]
                ),
                name="known_cause",
            ),
        ]
        triggers = append_only()


class OverriddenScore(ProjectRow):
    """A rater's score that a decision differs from."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="overridden")
    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="+")

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["decision", "score"], name="overridden_once"),
        ]
        triggers = append_only()
