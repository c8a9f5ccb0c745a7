"""Queues, their items, and who holds which item."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotation.models.corpus import Snapshot, Target
from annotation.models.ratings import Rater, Rating
from annotation.queues.limits import ADJUDICATE_FROM, LEASE_MINUTES, OVERLAP
from rubrics.models import RubricVersion
from webapp.accounts.models import ProjectRow

# How long a person may take back what they submitted, and so how much longer they stay blind.
UNDO_WITHIN = timedelta(seconds=60)


class Queue(ProjectRow):
    MAX_NAME = 120

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_NAME)
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    # How many people rate each item.
    overlap = models.PositiveSmallIntegerField(default=OVERLAP.default)
    lease_minutes = models.PositiveSmallIntegerField(default=LEASE_MINUTES.default)
    # How many levels apart raters must be on a criterion for an adjudicator to settle the item.
    adjudicate_from = models.PositiveSmallIntegerField(default=ADJUDICATE_FROM.default)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="queue_number"),
            models.CheckConstraint(
                condition=Q(overlap__range=(OVERLAP.least, OVERLAP.most)), name="queue_overlap"
            ),
            models.CheckConstraint(
                condition=Q(adjudicate_from__range=(ADJUDICATE_FROM.least, ADJUDICATE_FROM.most)),
                name="queue_adjudicate_from",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueRater(ProjectRow):
    """Somebody who may rate in a queue, and is therefore blind to it (DECISIONS 10)."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="raters")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="queue_places"
    )
    # Since when without a break: who left and came back, or whose queue was closed meanwhile,
    # may have read what others gave.
    blind_since = models.DateTimeField(default=timezone.now)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["queue", "user"], name="one_place"),
        ]


class Item(ProjectRow):
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="items")

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["queue", "target"], name="item_target"),
            models.UniqueConstraint(fields=["queue", "position"], name="item_position"),
        ]


class Assignment(ProjectRow):
    """One person's place at one item: reserved for a while, then submitted, skipped or given
    back. The draft of the rating lives here until it is submitted."""

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        SUBMITTED = "submitted", "Submitted"
        SKIPPED = "skipped", "Skipped"
        RELEASED = "released", "Released"

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="assignments")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=9, choices=State, default=State.RESERVED)
    leased_until = models.DateTimeField()
    # {"scores": {uid: value or "na"}, "rationales": {uid: text}}, see annotation.ratings.drafts. It
    # stays after the submit, for an undo.
    draft = models.JSONField(default=dict)
    draft_revision = models.PositiveIntegerField(default=0)
    draft_saved_at = models.DateTimeField(null=True)
    active_seconds = models.FloatField(default=0)
    skip_reason = models.TextField(blank=True)
    # The last time; null for what was skipped before times were kept.
    skipped_at = models.DateTimeField(null=True)
    flagged_at = models.DateTimeField(null=True)
    flag_reason = models.TextField(blank=True)
    # When a lead dealt with the concern. A concern that is reported again is open again.
    flag_handled_at = models.DateTimeField(null=True)
    flag_handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    rating = models.OneToOneField(Rating, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["item", "rater"], name="one_assignment"),
            models.CheckConstraint(
                condition=Q(state="submitted", rating__isnull=False, submitted_at__isnull=False)
                | (~Q(state="submitted") & Q(rating=None)),
                name="rating_where_submitted",
            ),
        ]
        indexes = [models.Index(fields=["rater", "state"])]
