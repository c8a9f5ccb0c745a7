"""What judges and other raters are compared with: the level that an adjudicator settled, else that
of people. What was settled carries over to another version where the criterion means the same."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
    found = _settled(project, meanings, targets, without)
    return {key: value for key, (_, value) in found.items()}


def legitimate_differences(
    project: Project, meanings: Collection[str], *, without: QuerySet[Target, UUID]
) -> set[tuple[UUID, str]]:
    """The (target, meaning) on which an adjudicator said that all levels stand: they have no
    reference, and every rater is right."""
    found = _settled(project, meanings, None, without)
    return {key for key, (status, _) in found.items() if status == Score.Status.NOT_SCORED}


def _settled(
    project: Project,
    meanings: Collection[str],
    targets: Collection[UUID] | None,
    without: QuerySet[Target, UUID] | None,
) -> dict[tuple[UUID, str], tuple[str, float | None]]:
    """Status and level of the latest adjudication."""
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
        "rating__target_id", "meaning_id", "status", "value"
    )
    return {(target, meaning): (status, value) for target, meaning, status, value in rows}


def settled_scores(targets: Collection[UUID], *, without: QuerySet[Target, UUID]) -> list[Score]:
    """The scores of adjudications of these texts, but those in `without`, the latest last."""
    rows = Score.objects.filter(
        rating__target__in=targets,
        rating__purpose=Rating.Purpose.ADJUDICATION,
        rating__withdrawn_at=None,
    )
    rows = rows.exclude(rating__target_id__in=without).select_related("rating")
    return list(rows.order_by("rating__submitted_at", "pk"))


def settled_for(meaning: str, adjudicated: AdjudicatedLevels) -> dict[UUID, float | None]:
    """What adjudicators settled for one criterion, by target."""
    return {target: value for (target, of), value in adjudicated.items() if of == meaning}


@dataclass(frozen=True, slots=True)
class References:
    """What others are compared with for one criterion: the `levels` of texts. `undecided` texts
    have none because people differ, and nobody settled it; of those, only some people gave the
    `mixed` ones a level. For those in `not_applicable`, all people said that the criterion does
    not apply."""

    levels: Mapping[UUID, float]
    undecided: frozenset[UUID] = frozenset()
    mixed: frozenset[UUID] = frozenset()
    not_applicable: frozenset[UUID] = frozenset()


def references_of(
    given: Mapping[UUID, Collection[float | None]], settled: Mapping[UUID, float | None]
) -> References:
    """The reference of each text: the settled level, else the one that people have in common.

    `given`: what people gave, None where they said that the criterion does not apply. `settled`:
    the adjudicator's level, None where the text has no level.
    """
    common = {target: common_level(answers) for target, answers in given.items()}
    open_ = {pk: set(given[pk]) for pk in given.keys() - settled.keys() if given[pk]}
    undecided = {pk for pk, answers in open_.items() if common[pk] is None and answers != {None}}
    return References(
        levels={pk: level for pk, level in {**common, **settled}.items() if level is not None},
        undecided=frozenset(undecided),
        mixed=frozenset(pk for pk in undecided if None in open_[pk]),
        not_applicable=frozenset(pk for pk, answers in open_.items() if answers == {None}),
    )


def common_level(answers: Collection[float | None]) -> float | None:
    """The median of the levels that people gave. None where it lies between two levels: of two
    people who differ, neither is right, and the lower level would make everybody seem lenient who
    is compared with it. None, too, if somebody said that the criterion does not apply: whether it
    does is then what people differ on."""
    levels = sorted(answer for answer in answers if answer is not None)
    if not levels or len(levels) < len(answers):
        return None
    low, high = levels[(len(levels) - 1) // 2], levels[len(levels) // 2]
    return low if low == high else None
