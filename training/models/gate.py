"""What a rubric and its judge must show before a run may train on their scores."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rubrics.core.drafts import MAX_ID
from rubrics.models import Rubric
from webapp.accounts.models import ProjectRow


class GateRule(ProjectRow):
    """One rule of a project's gate. On agreement: the 95 % interval of a statistic begins at
    `least` or above, on so many `items` or more. On the battery: the judge passed it."""

    class About(models.TextChoices):
        PEOPLE = "people", "People agree with each other"
        JUDGE = "judge", "The judge agrees with people"
        BATTERY = "battery", "The judge passed the battery"

    class Statistic(models.TextChoices):
        ALPHA = "alpha", "Krippendorff’s alpha"
        AC2 = "ac2", "Gwet’s AC2"
        SAME = "same", "Same level (share of pairs, 0 to 1)"

    about = models.CharField(max_length=7, choices=About)
    # Null for the battery: that rule holds for every rubric.
    rubric = models.ForeignKey(
        Rubric, null=True, on_delete=models.CASCADE, related_name="gate_rules"
    )
    # Its uid; empty for each criterion of the rubric.
    criterion = models.CharField(max_length=MAX_ID, blank=True)
    statistic = models.CharField(max_length=5, choices=Statistic, blank=True)
    least = models.FloatField(null=True)
    items = models.PositiveIntegerField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        ordering = ["pk"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["project", "about", "rubric", "criterion", "statistic"],
                name="gate_rule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(
                    about="battery",
                    rubric=None,
                    criterion="",
                    statistic="",
                    least=None,
                    items=None,
                )
                | Q(
                    about__in=["people", "judge"],
                    statistic__in=["alpha", "ac2", "same"],
                    rubric__isnull=False,
                    least__gte=-1,
                    least__lte=1,
                    items__gte=1,
                ),
                name="gate_rule_is_whole",
            ),
        ]
