"""Scores of people that carry over to another version (DECISIONS 2): those of a criterion that
means the same there, whatever it is called and counts now."""

from collections.abc import Collection, Mapping

from django.db.models import Count, OuterRef, Q, TextField
from django.db.models.functions import Cast, Concat

from annotation.models import Rater, Rating, Score, Target
from annotation.ratings.drafts import NOT_APPLICABLE, Draft
from rubrics.core.spec import from_json
from rubrics.models import Spec
from webapp.accounts.models import Project

# Each person's own look at an item. The raters of an imported source and judges stay with the
# text that they rated.
_PURPOSES = (Rating.Purpose.DESK, Rating.Purpose.NORMING)


def carried(meanings: Collection[str | OuterRef]) -> Q:
    """The scores of people, under whatever version, of criteria with these meanings."""
    return Q(
        meaning_id__in=meanings,
        rating__rater__kind=Rater.Kind.PERSON,
        rating__purpose__in=_PURPOSES,
        rating__withdrawn_at=None,
    )


def count_ratings(project: Project, meanings: Collection[str]) -> Mapping[str, int]:
    """How many ratings of people each meaning has: one for each person and item."""
    pair = Concat(Cast("rating__target_id", TextField()), Cast("rating__rater_id", TextField()))
    rows = (
        Score.objects.filter(carried(meanings), project=project)
        .order_by()
        .values("meaning_id")
        .annotate(n=Count(pair, distinct=True))
    )
    return {row["meaning_id"]: row["n"] for row in rows}


def own_levels(rater: Rater, target: Target, spec: Spec) -> Draft:
    """What this person gave this target by other versions, where the criterion means the same in
    `spec`. Empty where they have rated it by this very text: then they are asked on purpose."""
    uids = {c.meaning_id: c.uid for c in from_json(spec.content).judge_criteria}
    rows = list(
        Score.objects.filter(carried(list(uids)), rating__rater=rater, rating__target=target)
        .select_related("rating")
        .order_by("rating__submitted_at")
    )
    if any(row.rating.spec_id == spec.pk for row in rows):
        return Draft()
    levels: dict[str, int | str] = {}
    rationales: dict[str, str] = {}
    for row in rows:
        uid = uids[row.meaning_id]
        levels[uid] = NOT_APPLICABLE if row.value is None else int(row.value)
        if row.rationale:
            rationales[uid] = row.rationale
    return Draft(levels, rationales)
