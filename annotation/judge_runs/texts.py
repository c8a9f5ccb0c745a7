"""All texts of a judge run: filtered, sorted, a page at a time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from annotation.judge_runs.queries import ScoredRow, row_of
from annotation.models import JudgeItem, JudgeRun, Score
from annotation.ratings.blindness import hidden_targets
from rubrics.core.spec import Outcome, RubricSpec, from_json, total
from webapp.accounts.access import Member

PAGE = 50
POSITION, LOWEST, HIGHEST = "position", "lowest", "highest"
SORTS = {POSITION: "As in the set", LOWEST: "Lowest total first", HIGHEST: "Highest total first"}
ALL, SCORED, ZERO, FAILED, WAITING = "", "scored", "zero", "failed", "waiting"
SHOWN = {
    ALL: "All texts",
    SCORED: "With a score",
    ZERO: "Total of 0 or less",
    FAILED: "Without a score",
    WAITING: "Not judged yet",
}


@dataclass(frozen=True)
class Wanted:
    """Which texts, in which order. `level` is a criterion's uid and its level."""

    shown: str = ALL
    sort: str = POSITION
    level: tuple[str, float] | None = None
    page: int = 1


@dataclass(frozen=True)
class TextPage:
    """`found` is how many texts fit, `hidden` how many more this person still has to rate."""

    rows: Sequence[ScoredRow]
    spec: RubricSpec
    page: int
    pages: int
    found: int
    hidden: int


def texts_of(run: JudgeRun, member: Member, wanted: Wanted) -> TextPage:
    """A page of the run's texts. What it costs does not depend on how many there are on it."""
    spec = from_json(run.spec.content)
    blind = hidden_targets(member.user, member.project)
    items = _chosen(run.items.exclude(target__in=blind), wanted)
    ids = [pk for pk, _ in _sorted(items, spec, wanted)]
    pages = max(1, -(-len(ids) // PAGE))
    page = min(max(wanted.page, 1), pages)
    return TextPage(
        rows=_rows(ids[(page - 1) * PAGE : page * PAGE], spec),
        spec=spec,
        page=page,
        pages=pages,
        found=len(ids),
        hidden=run.items.filter(target__in=blind).count(),
    )


def _chosen(items: QuerySet[JudgeItem], wanted: Wanted) -> QuerySet[JudgeItem]:
    states = {FAILED: JudgeItem.State.FAILED, WAITING: JudgeItem.State.WAITING}
    if wanted.shown in states:
        items = items.filter(state=states[wanted.shown])
    elif wanted.shown in (SCORED, ZERO):
        items = items.exclude(rating=None)
    if wanted.level is not None:
        uid, value = wanted.level
        fitting = Score.objects.filter(criterion_uid=uid, value=value)
        items = items.filter(rating__in=fitting.values("rating"))
    return items


def _sorted(
    items: QuerySet[JudgeItem], spec: RubricSpec, wanted: Wanted
) -> list[tuple[UUID, UUID | None]]:
    """(item, rating) in order. A total is no column: it is worked out from the scores."""
    rows = items.order_by("position").values_list("pk", "rating_id")
    found: list[tuple[UUID, UUID | None]] = [(item, rating) for item, rating in rows]
    if wanted.sort == POSITION and wanted.shown != ZERO:
        return found
    totals = _totals(items, spec)
    if wanted.shown == ZERO:
        found = [
            pair for pair in found if (value := totals.get(pair[1])) is not None and value <= 0
        ]
    if wanted.sort == POSITION:
        return found
    # Texts without a total come last, whichever way round.
    sign = -1 if wanted.sort == HIGHEST else 1

    def place(pair: tuple[UUID, UUID | None]) -> tuple[bool, float]:
        value = totals.get(pair[1])
        return (value is None, 0.0 if value is None else sign * value)

    return sorted(found, key=place)


def _totals(items: QuerySet[JudgeItem], spec: RubricSpec) -> dict[UUID | None, float | None]:
    outcomes: dict[UUID, dict[str, Outcome]] = defaultdict(dict)
    scores = Score.objects.filter(rating__in=items.exclude(rating=None).values("rating"))
    for rating, uid, status, value in scores.order_by().values_list(
        "rating_id", "criterion_uid", "status", "value"
    ):
        outcomes[rating][uid] = Outcome(status, value)  # type: ignore[arg-type]
    return {rating: total(spec, found) for rating, found in outcomes.items()}


def _rows(ids: Sequence[UUID], spec: RubricSpec) -> list[ScoredRow]:
    scores = Prefetch("rating__scores", queryset=Score.objects.order_by("pk"))
    items = (
        JudgeItem.objects.filter(pk__in=ids)
        .select_related("target__turn__dialogue", "target__dialogue", "rating")
        .prefetch_related(scores)
    )
    by_id = {item.pk: item for item in items}
    return [row_of(by_id[pk], spec) for pk in ids]
