"""Scores of people that carry over to another version (DECISIONS 2): those of a criterion that
means the same there, whatever it is called and counts now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast, Concat

from annotation.models import Item, Rater, Rating, Score, Target
from annotation.ratings.drafts import NOT_APPLICABLE, Draft
from rubrics.core.spec import from_json
from rubrics.models import Criterion, RubricVersion, Spec
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


# Each costs a query over the ratings of its criteria.
MOST_CHANGES = 3


@dataclass(frozen=True)
class ChangedMeanings:
    """The criteria of the newest version of a rubric that meant something else in an earlier
    one: their names, and by the meaning that each has now those that it had."""

    version: RubricVersion
    names: list[str]
    before: dict[str, list[str]]


def changed_meanings(project: Project) -> list[ChangedMeanings]:
    """Of the rubrics that were published last, newest first."""
    published = RubricVersion.objects.filter(
        project=project, status=RubricVersion.Status.PUBLISHED
    ).defer("draft")
    newest = published.order_by("rubric_id", "-number").distinct("rubric_id")
    versions = {version.rubric_id: version for version in newest.select_related("rubric")}
    criteria: dict[tuple[UUID, str], list[Criterion]] = {}
    rows = Criterion.objects.filter(project=project, kind="judge").select_related("version")
    for row in rows.defer("version__draft").order_by("-version__number", "position"):
        criteria.setdefault((row.version.rubric_id, row.uid), []).append(row)
    found: dict[UUID, ChangedMeanings] = {}
    for (rubric_id, _), (now, *earlier) in criteria.items():
        version = versions.get(rubric_id)
        before = {row.meaning_id for row in earlier} - {now.meaning_id}
        if version is not None and now.version_id == version.pk and before:
            change = found.setdefault(rubric_id, ChangedMeanings(version, [], {}))
            change.names.append(now.name)
            change.before[now.meaning_id] = sorted(before)
    latest = sorted(found.values(), key=lambda one: str(one.version.published_at), reverse=True)
    return latest[:MOST_CHANGES]


def items_to_rate_again(change: ChangedMeanings) -> int:
    """How many items people rated before a criterion meant something else, and not since: without
    those that are in a queue of the version already."""
    scores = Score.objects.filter(rating__target=OuterRef("pk"))
    outdated = Q()
    for now, before in change.before.items():
        outdated |= Q(Exists(scores.filter(carried(before)))) & ~Q(
            Exists(scores.filter(carried([now])))
        )
    queued = Item.objects.filter(queue__version=change.version, target=OuterRef("pk"))
    targets = Target.objects.filter(project=change.version.project_id)
    return targets.filter(outdated).exclude(Exists(queued)).count()
