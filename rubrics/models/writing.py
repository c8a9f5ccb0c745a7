"""Who wrote what in a draft."""

from django.conf import settings
from django.db import models

from rubrics.core.drafts import MAX_ID
from rubrics.core.merge import Place
from rubrics.models.rubric import RubricVersion
from webapp.accounts.models import ProjectRow


class DraftField(ProjectRow):
    """Who wrote a place of a draft last (rubrics.core.merge.Place), and whose text that replaced.
    A place that nobody changed since the draft was begun has no row."""

    version = models.ForeignKey(RubricVersion, on_delete=models.CASCADE, related_name="fields")
    uid = models.CharField(max_length=MAX_ID, blank=True)
    field = models.CharField(max_length=20)
    level = models.IntegerField(null=True)
    # The save that wrote it.
    revision = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    replaced = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["version", "uid", "field", "level"],
                nulls_distinct=False,
                name="one_author_of_a_field",
            ),
        ]

    @property
    def place(self) -> Place:
        return Place(self.field, self.uid, self.level)
