"""What people who judge pairs see: the comparisons that wait for them, and one pair without a
name of who wrote its replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from annotation.models import Comparison, ComparisonRater, Pair, PairJudgement
from annotation.models.desk import UNDO_WITHIN
from annotation.ratings.blindness import reads_ratings
from annotation.ratings.shown_turns import ShownTurn, reply_of, turns_of
from annotation.ratings.targets import contexts_of
from webapp.accounts.access import Member

_State = PairJudgement.State


@dataclass(frozen=True)
class WaitingComparison:
    """An open comparison from the place of one of its people."""

    comparison: Comparison
    judged: int = 0
    # Pairs that this person can still judge, with those that others hold at the moment.
    left: int = 0
    free: int = 0

    @property
    def total(self) -> int:
        return self.judged + self.left


@dataclass(frozen=True)
class ShownPair:
    """A pair as one person may see it: nothing that came later, nothing of who wrote what."""

    judgement: PairJudgement
    comparison: Comparison
    number: int
    profile: str
    situation: str
    cut: int
    turns: Sequence[ShownTurn]
    a: ShownTurn
    b: ShownTurn
    waiting: WaitingComparison

    @property
    def replies(self) -> list[tuple[str, ShownTurn]]:
        return [("A", self.a), ("B", self.b)]


@dataclass(frozen=True)
class UndoableJudgement:
    """A judgement that can be taken back for `left` more seconds."""

    pk: UUID
    left: int


def waiting_comparisons(
    member: Member, *, comparison_id: UUID | None = None
) -> list[WaitingComparison]:
    """The open comparisons that this person has a place in, those with something to judge first."""
    places = ComparisonRater.objects.filter(
        project=member.project, user=member.user, comparison__closed_at=None
    )
    if comparison_id is not None:
        places = places.filter(comparison=comparison_id)
    rows = places.select_related("comparison")
    comparisons = {row.comparison_id: row.comparison for row in rows}
    if not comparisons:
        return []
    counts = {row.pop("comparison"): row for row in _counts(member, list(comparisons))}
    found = [WaitingComparison(each, **counts.get(pk, {})) for pk, each in comparisons.items()]
    return sorted(found, key=lambda w: (w.free == 0, w.left == 0, w.comparison.number))


def shown_pair(member: Member, judgement: PairJudgement) -> ShownPair:
    """What the page shows of one of this person's judgements."""
    pair, comparison = judgement.pair, judgement.pair.comparison
    contexts = contexts_of([pair.prompt, pair.first, pair.second])
    before, _ = turns_of(pair.prompt, contexts[pair.prompt_id])
    at = before[-1].position + 1 if before else 0
    first, second = (
        reply_of(at, contexts[pk]["candidate"]) for pk in (pair.first_id, pair.second_id)
    )
    a, b = (first, second) if judgement.first_is_a else (second, first)
    waiting = waiting_comparisons(member, comparison_id=comparison.pk)
    here = contexts[pair.prompt_id]
    return ShownPair(
        judgement=judgement,
        comparison=comparison,
        number=pair.position + 1,
        profile=here["profile"],
        situation=here["situation"],
        cut=here["cut"],
        turns=before,
        a=a,
        b=b,
        waiting=waiting[0] if waiting else WaitingComparison(comparison),
    )


def undoable(member: Member) -> UndoableJudgement | None:
    """The last judgement of this person, while it can be taken back."""
    now = timezone.now()
    last = (
        PairJudgement.objects.filter(
            project=member.project,
            rater__user=member.user,
            state=_State.SUBMITTED,
            submitted_at__gt=now - UNDO_WITHIN,
            pair__comparison__closed_at=None,
        )
        .order_by("-submitted_at")
        .first()
    )
    if last is None or last.submitted_at is None:
        return None
    return UndoableJudgement(last.pk, int((last.submitted_at + UNDO_WITHIN - now).total_seconds()))


def free_again_at(member: Member, comparison: Comparison) -> datetime | None:
    """When the first of the pairs that others hold comes back, if nobody finishes it."""
    held = PairJudgement.objects.filter(
        pair__comparison=comparison, state=_State.RESERVED, leased_until__gt=timezone.now()
    ).exclude(rater__user=member.user)
    return held.order_by("leased_until").values_list("leased_until", flat=True).first()


def _counts(member: Member, comparisons: Sequence[UUID]) -> list[dict[str, Any]]:
    """{"comparison", "judged", "left", "free"} of each comparison, by one pass over its pairs."""
    mine = PairJudgement.objects.filter(
        pair=OuterRef("pk"), rater__user=member.user, state=_State.SUBMITTED
    )
    others = ~Q(judgements__rater__user=member.user)
    done = others & Q(judgements__state=_State.SUBMITTED)
    held = others & Q(
        judgements__state=_State.RESERVED, judgements__leased_until__gt=timezone.now()
    )
    pairs = (
        Pair.objects.filter(comparison__in=comparisons, is_identical=False)
        .annotate(is_mine=Exists(mine), is_read=_is_read(member))
        .annotate(done=Count("judgements", filter=done), held=Count("judgements", filter=held))
    )
    open_ones = pairs.filter(is_mine=False, is_read=False, done__lt=F("comparison__overlap"))
    free = open_ones.filter(done__lt=F("comparison__overlap") - F("held"))
    rows = (
        Pair.objects.filter(comparison__in=comparisons)
        .order_by()
        .values("comparison")
        .annotate(
            judged=Count("pk", filter=Q(Exists(mine))),
            left=Count("pk", filter=Q(pk__in=open_ones.values("pk"))),
            free=Count("pk", filter=Q(pk__in=free.values("pk"))),
        )
    )
    return [dict(row) for row in rows]


def _is_read(member: Member) -> Case | Value:
    """What `blindness.read_pairs` names is not for this person."""
    if not reads_ratings(member.user, member.project.pk):
        return Value(False)
    place = ComparisonRater.objects.filter(
        comparison=OuterRef("pair__comparison"), user=member.user
    )
    by_others = PairJudgement.objects.filter(pair=OuterRef("pk"), state=_State.SUBMITTED).exclude(
        rater__user=member.user
    )
    earlier = by_others.filter(submitted_at__lt=place.values("blind_since")[:1])
    return Case(When(Exists(earlier), then=Value(True)), default=Value(False))
