"""Reads about judges."""

from django.db.models import QuerySet

from rubrics.core.spec import CriterionSpec, criterion_hash, from_json
from rubrics.models import Judge, RubricVersion
from webapp.accounts.models import Project


def judges_of(project: Project) -> QuerySet[Judge]:
    """Every version of every judge, by name and newest first."""
    return (
        Judge.objects.filter(project=project)
        .select_related("endpoint", "artefact", "created_by")
        .order_by("name", "-version")
    )


def unfitted_criterion(version: RubricVersion, judge: Judge) -> CriterionSpec | None:
    """A criterion of a published version that a learned judge can't score; None where it scores
    all of them, as a language model does."""
    if judge.kind != Judge.Kind.LEARNED or version.spec is None:
        return None
    return next(
        (
            criterion
            for criterion in from_json(version.spec.content).judge_criteria
            if judge.fitted_on.get(criterion.uid) != criterion_hash(criterion)
        ),
        None,
    )
