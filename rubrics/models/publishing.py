"""What people said about a version on its way: reviews, and what the author meant by a change."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rubrics.core.drafts import MAX_ID
from rubrics.models.rubric import RubricVersion
from webapp.accounts.models import ProjectRow
from webapp.db import append_only


class Review(ProjectRow):
    """One reviewer's answer to one text of a version. A refusal has words."""

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Sent back"

    version = models.ForeignKey(RubricVersion, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    # Which text of the draft was read. A version that goes back to draft gets the next revision.
    revision = models.PositiveIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict)
    words = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        ordering = ["-created_at"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["version", "reviewer", "revision"], name="one_review_of_a_text"
            ),
            models.CheckConstraint(
                condition=Q(verdict="approved") | (Q(verdict="refused") & ~Q(words="")),
                name="refusal_has_words",
            ),
        ]
        triggers = append_only()


class MeaningChange(ProjectRow):
    """For a criterion that was published before: whether it means something else from this
    version on. `forced` where its kind, scale, level values or spans changed, so that nobody
    was asked."""

    version = models.ForeignKey(RubricVersion, on_delete=models.CASCADE, related_name="meanings")
    uid = models.CharField(max_length=MAX_ID)
    changed = models.BooleanField()
    forced = models.BooleanField(default=False)
    # What the text alone suggested to whoever published.
    suggested = models.BooleanField()

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["version", "uid"], name="one_meaning_change"),
            models.CheckConstraint(
                condition=Q(forced=False) | Q(changed=True), name="forced_means_changed"
            ),
        ]
        triggers = append_only()
