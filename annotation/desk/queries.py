"""What the desk shows: the queues that wait, one item as its rater may see it, own ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Avg, Case, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone

from annotation.desk.changes import changeable
from annotation.models import Assignment, Queue, Rating, Score
from annotation.models.desk import UNDO_WITHIN
from annotation.queues.waiting import WaitingQueue, waiting_queues
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.drafts import NOT_APPLICABLE
from annotation.ratings.labels import shown_text, title_of, tone, tone_of
from annotation.ratings.references import settled_scores
from annotation.ratings.shown_turns import ShownTurn, turns_of
from annotation.ratings.targets import context_of
from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, from_json
from webapp.accounts.access import Member

_State = Assignment.State
PAGE = 50


_WITHOUT_LEVELS = (LevelSpec(0, "No"), LevelSpec(1, "Yes"))


@dataclass(frozen=True)
class ShownLevel:
    value: int
    label: str
    anchor: str
    tone: int
    # The key that gives this level; "" where the keyboard has no single one.
    key: str
    is_chosen: bool

    @property
    def title(self) -> str:
        return f"{self.value}, {self.label}" if self.label else str(self.value)


@dataclass(frozen=True)
class ShownCriterion:
    spec: CriterionSpec
    levels: Sequence[ShownLevel]
    is_not_applicable: bool
    rationale: str
    is_open: bool

    @property
    def is_rated(self) -> bool:
        return self.is_not_applicable or any(level.is_chosen for level in self.levels)


@dataclass(frozen=True)
class DeskItem:
    """One item as its rater may see it: nothing of other raters, nothing that came later."""

    assignment: Assignment
    queue: Queue
    spec: RubricSpec
    title: str
    profile: str
    situation: str
    cut: int
    turns: Sequence[ShownTurn]
    current: ShownTurn | None
    criteria: Sequence[ShownCriterion]
    waiting: WaitingQueue
    pace: float | None

    @property
    def rated(self) -> int:
        return sum(criterion.is_rated for criterion in self.criteria)

    @property
    def carried(self) -> int:
        """How many levels were filled in from an earlier version, until anything is saved."""
        return self.rated if self.assignment.draft_revision == 0 else 0

    @property
    def is_held(self) -> bool:
        return self.assignment.state == _State.RESERVED

    @property
    def is_change(self) -> bool:
        """Whether a submitted rating is opened again."""
        return self.assignment.state == _State.SUBMITTED


@dataclass(frozen=True)
class Undoable:
    """A submit or a skip that can be taken back for `left` more seconds."""

    pk: UUID
    left: int
    is_skip: bool = False

    @property
    def label(self) -> str:
        return "Undo the skip" if self.is_skip else "Undo the rating"


@dataclass(frozen=True)
class SkippedItem:
    assignment: Assignment
    title: str


@dataclass(frozen=True)
class OwnRating:
    """`assignment_id` is that of its item; None where it was rated elsewhere."""

    rating: Rating
    assignment_id: UUID | None
    is_changeable: bool
    title: str
    text: str
    rubric: str
    scores: Sequence[tuple[str, Score, int | None]]
    # What an adjudicator settled otherwise.
    settled: Sequence[tuple[str, Score, int | None]]


def desk_item(member: Member, assignment: Assignment) -> DeskItem:
    """What the desk shows of one of this person's assignments."""
    queue, target = assignment.item.queue, assignment.item.target
    spec = from_json(queue.version.spec.content)  # type: ignore[union-attr]
    context = context_of(target)
    turns, current = turns_of(target, context)
    waiting = waiting_queues(member, queue_id=queue.pk)
    return DeskItem(
        assignment=assignment,
        queue=queue,
        spec=spec,
        title=title_of(target),
        profile=context["profile"],
        situation=context["situation"],
        cut=context["cut"],
        turns=turns,
        current=current,
        criteria=_criteria(spec, assignment.draft),
        waiting=waiting[0] if waiting else WaitingQueue.of(queue, None),
        pace=_pace(assignment),
    )


def undoable(member: Member) -> Undoable | None:
    """What this person did last, submit or skip, while it can be taken back."""
    now = timezone.now()
    since = now - UNDO_WITHIN
    last = (
        Assignment.objects.filter(
            Q(state=_State.SUBMITTED, submitted_at__gt=since)
            | Q(state=_State.SKIPPED, skipped_at__gt=since),
            project=member.project,
            rater__user=member.user,
            item__queue__closed_at=None,
        )
        .annotate(
            done_at=Case(When(state=_State.SKIPPED, then="skipped_at"), default="submitted_at")
        )
        .order_by("-done_at")
        .first()
    )
    if last is None:
        return None
    left = int((last.done_at + UNDO_WITHIN - now).total_seconds())
    return Undoable(last.pk, left, is_skip=last.state == _State.SKIPPED)


def skipped_by(member: Member, *, limit: int = 20) -> list[SkippedItem]:
    """Items that this person skipped in open queues, the last one first."""
    rows = (
        Assignment.objects.filter(
            project=member.project,
            rater__user=member.user,
            state=_State.SKIPPED,
            item__queue__closed_at=None,
            item__queue__raters__user=member.user,
        )
        .select_related("item__queue", "item__target__turn__dialogue", "item__target__dialogue")
        .order_by("-id")[:limit]
    )
    return [SkippedItem(row, title_of(row.item.target)) for row in rows]


def own_rating_rows(member: Member) -> QuerySet[Rating]:
    """Ratings that this person submitted on the desk and did not take back."""
    rows = Rating.objects.filter(project=member.project, rater__user=member.user, withdrawn_at=None)
    items = Assignment.objects.filter(rating=OuterRef("pk"))
    return (
        rows.exclude(purpose=Rating.Purpose.ADJUDICATION)
        .annotate(
            assignment_id=Subquery(items.values("pk")[:1]),
            is_changeable=Exists(changeable(member).filter(rating=OuterRef("pk"))),
        )
        .select_related("spec", "target__turn__dialogue", "target__dialogue")
        .prefetch_related("scores")
    )


def own_ratings(member: Member, *, before: UUID | None = None) -> list[OwnRating]:
    """A page of them with what each is of, the last first, before an id."""
    rows = own_rating_rows(member).order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[:PAGE])
    specs = {row.spec_id: from_json(row.spec.content) for row in found}
    settled = {
        (score.rating.target_id, score.rating.spec_id, score.criterion_uid): score
        for score in settled_scores(
            [row.target_id for row in found],
            without=hidden_targets(member.user, member.project),
        )
    }
    return [_own_rating(row, specs[row.spec_id], settled) for row in found]


def _criteria(spec: RubricSpec, draft: dict[str, Any]) -> list[ShownCriterion]:
    scores, rationales = draft.get("scores", {}), draft.get("rationales", {})
    unrated = [c.uid for c in spec.judge_criteria if c.uid not in scores]
    open_uid = unrated[0] if unrated else spec.judge_criteria[0].uid
    return [
        ShownCriterion(
            spec=criterion,
            levels=levels_of(criterion, scores.get(criterion.uid)),
            is_not_applicable=criterion.may_not_apply
            and scores.get(criterion.uid) == NOT_APPLICABLE,
            rationale=rationales.get(criterion.uid, ""),
            is_open=criterion.uid == open_uid,
        )
        for criterion in spec.judge_criteria
    ]


def levels_of(criterion: CriterionSpec, chosen: object) -> list[ShownLevel]:
    """The levels of a criterion as a scale shows them, with the keys that give them."""
    levels = sorted(criterion.levels or _WITHOUT_LEVELS, key=lambda level: level.value)
    single = all(0 <= level.value <= 9 for level in levels)
    return [
        ShownLevel(
            value=level.value,
            label=level.label,
            anchor=level.anchor,
            tone=tone(index, len(levels)),
            key=_key(level.value if single else index + 1),
            is_chosen=chosen == level.value,
        )
        for index, level in enumerate(levels)
    ]


def _key(number: int) -> str:
    return str(number) if number <= 9 else ""


def _pace(assignment: Assignment) -> float | None:
    """Seconds of work that this person takes for an item of this queue, on average."""
    done = Assignment.objects.filter(
        item__queue=assignment.item.queue, rater=assignment.rater, state=_State.SUBMITTED
    )
    return done.aggregate(pace=Avg("active_seconds"))["pace"]


def _own_rating(
    row: Rating, spec: RubricSpec, settled: Mapping[tuple[UUID, UUID, str], Score]
) -> OwnRating:
    scores = {score.criterion_uid: score for score in row.scores.all()}
    others = {uid: settled.get((row.target_id, row.spec_id, uid)) for uid in scores}
    return OwnRating(
        rating=row,
        assignment_id=row.assignment_id,  # type: ignore[attr-defined]
        is_changeable=row.is_changeable,  # type: ignore[attr-defined]
        title=title_of(row.target),
        text=shown_text(row.target),
        rubric=spec.title,
        scores=[
            (c.name, scores[c.uid], _tone_of_score(c, scores[c.uid]))
            for c in spec.criteria
            if c.uid in scores
        ],
        settled=[
            (c.name, other, _tone_of_score(c, other))
            for c in spec.criteria
            if (other := others.get(c.uid)) is not None and _differs(other, scores[c.uid])
        ],
    )


def _differs(settled: Score, own: Score) -> bool:
    return (settled.status, settled.value) != (own.status, own.value)


def _tone_of_score(criterion: CriterionSpec, score: Score) -> int | None:
    return None if score.value is None else tone_of(criterion, score.value)
