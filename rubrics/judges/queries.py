"""Reads about judges."""

from django.db.models import QuerySet

from rubrics.models import Judge
from webapp.accounts.models import Project


def judges_of(project: Project) -> QuerySet[Judge]:
    """Every version of every judge, by name and newest first."""
    return (
        Judge.objects.filter(project=project)
        .select_related("endpoint", "artefact", "created_by")
        .order_by("name", "-version")
    )
