"""What adjudicators settled. For a text and a criterion it is the reference in place of the median
of people. It carries over to another version where the criterion means the same."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import QuerySet

from annotation.models import Rating, Score, Target
from webapp.accounts.models import Project

# (target, meaning of the criterion) -> the level that is right. None where there is none: the
# criterion does not apply, or the raters' difference is legitimate.
AdjudicatedLevels = Mapping[tuple[UUID, str], float | None]


def adjudicated_levels(
    project: Project,
    meanings: Collection[str],
    *,
    targets: Collection[UUID] | None = None,
    without: QuerySet[Target, UUID] | None = None,
) -> AdjudicatedLevels:
    """The settled levels, of `targets` only if they are named, and never of those in `without`.

    The latest counts where a text was settled more than once.
    """
    scores = Score.objects.filter(
        project=project,
        meaning_id__in=meanings,
        rating__purpose=Rating.Purpose.ADJUDICATION,
        rating__withdrawn_at=None,
    )
    if targets is not None:
        scores = scores.filter(rating__target__in=targets)
    if without is not None:
        scores = scores.exclude(rating__target_id__in=without)
    rows = scores.order_by("rating__submitted_at").values_list(
        "rating__target_id", "meaning_id", "value"
    )
    return {(target, meaning): value for target, meaning, value in rows}


def settled_scores(targets: Collection[UUID], *, without: QuerySet[Target, UUID]) -> list[Score]:
    """The scores of adjudications of these texts, but those in `without`, the latest last."""
    rows = Score.objects.filter(
        rating__target__in=targets,
        rating__purpose=Rating.Purpose.ADJUDICATION,
        rating__withdrawn_at=None,
    )
    rows = rows.exclude(rating__target_id__in=without).select_related("rating")
    return list(rows.order_by("rating__submitted_at", "pk"))


def with_adjudicated(
    medians: Mapping[UUID, float], meaning: str, adjudicated: AdjudicatedLevels
) -> dict[UUID, float]:
    """The reference for one criterion by target: the settled level, else the median of people."""
    settled = {target: value for (target, of), value in adjudicated.items() if of == meaning}
    return {target: value for target, value in {**medians, **settled}.items() if value is not None}
