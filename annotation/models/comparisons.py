"""Blind comparisons: pairs of replies in one place, and which of the two people prefer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, QUESTION
from annotation.models.corpus import Target
from annotation.models.ratings import Rater
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable


class Comparison(ProjectRow):
    """A queue of pairs. Its people see the two replies of a pair and no name of who wrote them."""

    MAX_NAME = 120
    MAX_QUESTION = 200

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_NAME)
    # What people answer of each pair.
    question = models.CharField(max_length=MAX_QUESTION, default=QUESTION)
    # How many people judge each pair.
    overlap = models.PositiveSmallIntegerField(default=OVERLAP.default)
    lease_minutes = models.PositiveSmallIntegerField(default=LEASE_MINUTES.default)
    # By which the pairs were drawn.
    seed = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="comparison_number"),
            models.CheckConstraint(
                condition=Q(overlap__range=(OVERLAP.least, OVERLAP.most)),
                name="comparison_overlap",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ComparisonRater(ProjectRow):
    """Somebody who may judge in a comparison, and is therefore blind to its pairs."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="raters")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparison_places"
    )
    # Since when without a break, as for a place in a queue.
    blind_since = models.DateTimeField(default=timezone.now)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["comparison", "user"], name="one_comparison_place"),
        ]


class Pair(ProjectRow):
    """Two replies that take the place of the same turn. Which is `first` says nothing about the
    side on which a person sees it."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="pairs")
    position = models.PositiveIntegerField()
    # The turn whose place both replies take.
    prompt = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    first = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")
    # Both say the same word for word: nobody is asked, and no figure counts it.
    is_identical = models.BooleanField(default=False)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["comparison", "position"], name="pair_position"),
            models.UniqueConstraint(fields=["comparison", "prompt"], name="pair_prompt"),
        ]
        triggers = append_only()


class PairJudgement(ProjectRow):
    """One person's place at one pair: reserved for a while, then submitted or given back."""

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        SUBMITTED = "submitted", "Submitted"
        RELEASED = "released", "Released"

    class Choice(models.TextChoices):
        A = "a", "Reply A"
        B = "b", "Reply B"
        TIE = "tie", "Tie"

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="judgements")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="pair_judgements")
    # Which reply this person sees as A: drawn when the pair is handed out, and kept from then on.
    first_is_a = models.BooleanField()
    state = models.CharField(max_length=9, choices=State, default=State.RESERVED)
    choice = models.CharField(max_length=3, choices=Choice, blank=True)
    leased_until = models.DateTimeField()
    active_seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["pair", "rater"], name="one_judgement"),
            models.CheckConstraint(
                condition=Q(
                    state="submitted", choice__in=("a", "b", "tie"), submitted_at__isnull=False
                )
                | (~Q(state="submitted") & Q(choice="", submitted_at=None)),
                name="choice_where_submitted",
            ),
        ]
        indexes = [models.Index(fields=["rater", "state"], name="judgement_rater_state")]
        triggers = [
            frozen(
                name="side_stays",
                but=("state", "choice", "leased_until", "active_seconds", "submitted_at"),
            ),
            undeletable(),
            untruncatable(),
        ]
