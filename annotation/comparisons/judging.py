"""One person's judgements: take the next pair, choose, take back.

Locks are always taken in one order, as on the desk: against the close of the comparison, then the
person's rater row, then the pair, then the person's own judgement. The rater row makes two windows
of one person wait for each other; the pair's row guards how many people have a place at it.
"""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from annotation.leases import hold_off_close, lease, lock_person, require_time_to_undo
from annotation.models import Comparison, ComparisonRater, Pair, PairJudgement, Rater
from annotation.ratings.blindness import read_pairs
from annotation.ratings.drafts import read_active_seconds
from webapp.accounts.access import require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.db import counted
from webapp.errors import Refused

_State = PairJudgement.State


def claim_next(*, comparison: Comparison, rater: Rater) -> PairJudgement | None:
    """The pair that this person goes on with, or takes now; None where there is none for them.

    A pair never has more people than the comparison's overlap: whoever judged it, and whoever
    holds it under a lease that has not run out. Which reply is A is drawn here, once.
    """
    # Pairs that others are just claiming are passed by. Where no other is left, wait for them:
    # their claim may fail, and "nothing is left" has to be true.
    for skip_locked in (True, False):
        while True:
            with transaction.atomic():
                hold_off_close(comparison.pk)
                lock_person(rater.pk)
                comparison = Comparison.objects.select_related("project").get(pk=comparison.pk)
                _require_taking_part(comparison, rater)
                pair = _held_pair(comparison, rater) or _free_pair(comparison, rater, skip_locked)
                if pair is None:
                    break
                own = _take(pair, comparison, rater)
            if own is not None:
                return own
    return None


def judge(*, judgement: PairJudgement, choice: str, active_seconds: object = 0) -> PairJudgement:
    """Submit a choice. The same choice twice is one judgement; another one is Refused.

    After the lease it still counts while the pair needs it; where it does not, Refused says so.
    """
    if choice not in PairJudgement.Choice.values:
        raise Refused("Choose reply A, reply B or a tie.", code="choice")
    seconds = read_active_seconds(active_seconds)
    with transaction.atomic():
        own = _lock(judgement)
        if own.state == _State.SUBMITTED:
            if own.choice != choice:
                raise Refused(
                    f"You have already judged this pair. Your answer was: "
                    f"{own.get_choice_display()}.",
                    code="judged",
                )
            return own
        refusal = _why_not(own)
        if refusal is None:
            own.state, own.choice, own.submitted_at = _State.SUBMITTED, choice, timezone.now()
            own.active_seconds = seconds
        own.save()
    if refusal is not None:
        raise refusal
    return own


def undo(*, judgement: PairJudgement, actor: User) -> PairJudgement:
    """Take a choice back within a minute: the pair is open again, A and B as they were. Raises
    Refused where it is too late."""
    with transaction.atomic():
        own = _lock(judgement)
        if own.state != _State.SUBMITTED:
            return own
        require_time_to_undo(own.submitted_at, "a judgement")
        if own.pair.comparison.closed_at is not None:
            raise Refused(
                "The comparison is closed, so you can’t take this judgement back.", code="closed"
            )
        own.state, own.choice, own.submitted_at = _State.RESERVED, "", None
        own.leased_until = lease(own.pair.comparison)
        own.save()
        audit.record("judgement.taken_back", actor=actor, object=own)
    return own


def live(now: datetime) -> Q:
    """The judgements that take a place at their pair."""
    return Q(state=_State.SUBMITTED) | Q(state=_State.RESERVED, leased_until__gt=now)


def _lock_pair(pair_id: UUID) -> Pair:
    return Pair.objects.select_for_update(no_key=True).get(pk=pair_id)


def _lock(judgement: PairJudgement) -> PairJudgement:
    """The judgement as it is now, with its pair and its person locked, in a comparison that is not
    closed meanwhile."""
    hold_off_close(judgement.pair.comparison_id)
    lock_person(judgement.rater_id)
    _lock_pair(judgement.pair_id)
    own = (
        PairJudgement.objects.select_for_update(of=("self",))
        .select_related("rater__user", "pair__comparison__project")
        .get(pk=judgement.pk)
    )
    require_open(own.pair.comparison.project)
    return own


def _require_taking_part(comparison: Comparison, rater: Rater) -> None:
    require_open(comparison.project)
    if comparison.closed_at is not None:
        raise Refused("This comparison is closed.", code="closed")
    if not ComparisonRater.objects.filter(comparison=comparison, user=rater.user).exists():
        raise Refused("You are not in this comparison.", code="left")


def _has_room(pair: Pair, comparison: Comparison, rater: Rater) -> bool:
    """Whether there is a place for this person beside the others. Holds the pair's lock."""
    others = PairJudgement.objects.filter(live(timezone.now()), pair=pair).exclude(rater=rater)
    return others.count() < comparison.overlap


def _may_have_read(pair: Pair, comparison: Comparison, rater: Rater) -> bool:
    assert rater.user is not None  # noqa: S101  (a person's rater)
    return read_pairs(rater.user, comparison).filter(pk=pair.pk).exists()


def _held_pair(comparison: Comparison, rater: Rater) -> Pair | None:
    """Lock and return the first pair that this person holds, be its lease over or not."""
    held = PairJudgement.objects.filter(
        pair__comparison=comparison, rater=rater, state=_State.RESERVED
    )
    first = held.order_by("pair__position").values_list("pair_id", flat=True).first()
    return None if first is None else _lock_pair(first)


def _free_pair(comparison: Comparison, rater: Rater, skip_locked: bool) -> Pair | None:
    """Lock and return the first pair with a place for this person."""
    assert rater.user is not None  # noqa: S101  (a person's rater)
    given = PairJudgement.objects.filter(pair=OuterRef("pk"))
    mine = given.filter(rater=rater)
    return (
        Pair.objects.filter(
            ~Exists(mine.exclude(state=_State.RELEASED)), comparison=comparison, is_identical=False
        )
        .exclude(pk__in=read_pairs(rater.user, comparison).values("pk"))
        .annotate(taken=counted(given.filter(live(timezone.now())), "pair"))
        .filter(taken__lt=comparison.overlap)
        .order_by("position")
        .select_for_update(skip_locked=skip_locked, no_key=True, of=("self",))
        .first()
    )


def _take(pair: Pair, comparison: Comparison, rater: Rater) -> PairJudgement | None:
    """Reserve a locked pair, or give it back where its last place is gone: somebody may have
    taken it between the search and the lock, or after the lease ran out."""
    if not _has_room(pair, comparison, rater) or _may_have_read(pair, comparison, rater):
        PairJudgement.objects.filter(pair=pair, rater=rater, state=_State.RESERVED).update(
            state=_State.RELEASED
        )
        return None
    place = {"state": _State.RESERVED, "leased_until": lease(comparison)}
    own, _ = PairJudgement.objects.update_or_create(
        pair=pair,
        rater=rater,
        defaults=place,
        create_defaults={
            **place,
            "project_id": pair.project_id,
            "first_is_a": bool(secrets.randbits(1)),
        },
    )
    return own


def _why_not(own: PairJudgement) -> Refused | None:
    """Why this judgement can't be taken."""
    comparison = own.pair.comparison
    if comparison.closed_at is not None:
        return Refused(
            "The comparison was closed, so this judgement was not submitted.", code="closed"
        )
    if not ComparisonRater.objects.filter(comparison=comparison, user=own.rater.user).exists():
        return Refused(
            "You are no longer in this comparison, so this judgement was not submitted.",
            code="left",
        )
    if _may_have_read(own.pair, comparison, own.rater):
        own.state = _State.RELEASED
        return Refused(
            "The comparison was closed for a while and you could have seen how others judged this "
            "pair. So this judgement was not submitted.",
            code="read",
        )
    if not _has_room(own.pair, comparison, own.rater):
        own.state = _State.RELEASED
        return Refused(
            "Your time for this pair ran out and somebody else is judging it now. So this "
            "judgement was not submitted.",
            code="full",
        )
    return None
