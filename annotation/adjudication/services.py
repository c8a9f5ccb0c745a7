"""Adjudicate: take an item, keep the draft, submit, take back, give back.

Locks are taken in the order of the desk: the person's rater row, then the item. The item's row
guards that one person settles it at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.adjudication import access
from annotation.adjudication.drafts import (
    LEGITIMATE,
    DecisionDraft,
    Given,
    answer_of,
    first_draft,
    missing,
    read_decisions,
)
from annotation.adjudication.given import given_in, scores_of
from annotation.adjudication.waiting import listed_items
from annotation.leases import lease, lock_person, require_time_to_undo
from annotation.models import (
    Adjudication,
    Decision,
    Item,
    OverriddenScore,
    Queue,
    Rating,
    Score,
)
from annotation.ratings import services as ratings
from annotation.ratings.drafts import NOT_APPLICABLE, Incomplete, StaleDraft, read_active_seconds
from rubrics.queries import spec_of
from webapp.accounts.access import Member, require_open
from webapp.audit import services as audit
from webapp.errors import Refused

_State = Adjudication.State
_LIVE = (_State.RESERVED, _State.SUBMITTED)
ALL_STAND = "The raters’ difference is legitimate. All their levels stand."


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A saved draft. `is_held` is False where the item has gone to somebody else meanwhile."""

    revision: int
    saved_at: datetime | None
    is_held: bool


def claim_next(*, queue: Queue, member: Member) -> Adjudication | None:
    """The item that this member goes on with, or takes now; None where none is left for them."""
    require_open(queue.project)
    free = [row for row in listed_items(member, [queue]) if row.is_free]
    free.sort(key=lambda row: (not row.is_mine, row.position))
    for row in free:
        item = Item.objects.select_related("queue__version__spec", "queue__project").get(
            pk=row.item_id
        )
        if (own := _take(item, member)) is not None:
            return own
    return None


def claim(*, item: Item, member: Member) -> Adjudication:
    """Take this item. Raises Refused where somebody else has it or settled it."""
    require_open(item.queue.project)
    own = _take(item, member)
    if own is None:
        raise Refused("Somebody else has taken this item. Choose another one.", code="taken")
    return own


def draft_save(
    *, adjudication: Adjudication, draft: object, revision: int, active_seconds: object = 0
) -> SavedDraft:
    """Keep what was written so far, and the item for another lease.

    Raises StaleDraft where `revision` is not the one there is, BadDraft for what is no draft.
    """
    read = read_decisions(spec_of(adjudication.item.queue.version), draft)
    seconds = read_active_seconds(active_seconds)
    with transaction.atomic():
        own = _lock(adjudication)
        if own.state == _State.SUBMITTED:
            raise Refused("You have already submitted this adjudication.", code="submitted")
        if own.draft_revision != revision:
            raise StaleDraft("adjudication", own.draft, own.draft_revision)
        _write_draft(own, read, seconds)
        is_held = own.state == _State.RESERVED and _is_free(own)
        if is_held:
            own.leased_until = lease(own.item.queue)
        own.save()
        return SavedDraft(own.draft_revision, own.draft_saved_at, is_held)


def submit(
    *,
    adjudication: Adjudication,
    member: Member,
    draft: object,
    active_seconds: object = 0,
    revision: int | None = None,
) -> Adjudication:
    """Make the rating that is the reference from now on. The same submit twice is one;
    one that says something else is Refused.

    Raises Incomplete for what is not decided, BadDraft for no draft, StaleDraft where another
    draft was saved since `revision`, Refused where somebody else has the item; the draft is kept.
    """
    read = read_decisions(spec_of(adjudication.item.queue.version), draft)
    seconds = read_active_seconds(active_seconds)
    with transaction.atomic():
        own = _lock(adjudication)
        if own.state == _State.SUBMITTED:
            # Nothing writes the draft after the submit.
            if own.draft != read.to_json():
                raise Refused(
                    "Not submitted: you settled this in another window. That decision counts.",
                    code="submitted",
                )
            return own
        if revision not in (None, own.draft_revision) and own.draft != read.to_json():
            raise StaleDraft("adjudication", own.draft, own.draft_revision)
        scores = scores_of(own.item)
        given = given_in(own.item, spec_of(own.item.queue.version), scores)
        _require_complete(read, given)
        _write_draft(own, read, seconds)
        refusal = _why_not(own, member)
        if refusal is None:
            _settle(own, read, given, scores)
        own.save()
    if refusal is not None:
        raise refusal
    return own


def undo(*, adjudication: Adjudication, member: Member) -> Adjudication:
    """Take a submit back within a minute: the rating is withdrawn, the item is open again with
    what was written. Raises Refused where it is too late."""
    with transaction.atomic():
        own = _lock(adjudication)
        if own.state != _State.SUBMITTED:
            return own
        require_time_to_undo(own.submitted_at, "an adjudication")
        assert own.rating is not None  # noqa: S101  (a constraint of the table)
        ratings.withdraw_rating(rating=own.rating, actor=member.user)
        own.state, own.rating, own.submitted_at = _State.RESERVED, None, None
        own.leased_until = lease(own.item.queue)
        own.save()
    return own


def release(*, adjudication: Adjudication, member: Member) -> Adjudication:
    """Give the item back to the list, for somebody else. The draft is kept."""
    with transaction.atomic():
        own = _lock(adjudication)
        if own.state == _State.SUBMITTED:
            raise Refused("You have already submitted this adjudication.", code="submitted")
        if own.state != _State.RELEASED:
            own.state = _State.RELEASED
            own.save()
            audit.record("adjudication.released", actor=member.user, object=own)
    return own


def _take(item: Item, member: Member) -> Adjudication | None:
    """This member's place at the item; None where it is settled, or somebody else's."""
    rater = ratings.rater_for_person(project=member.project, user=member.user)
    with transaction.atomic():
        _lock_rows(rater.pk, item.pk)
        if not any(row.is_free for row in listed_items(member, [item.queue], item_id=item.pk)):
            return None
        # Whoever held it before has run out of time.
        expired = Adjudication.objects.filter(item=item, state=_State.RESERVED)
        expired.exclude(adjudicator=rater).update(state=_State.RELEASED)
        place = {"state": _State.RESERVED, "leased_until": lease(item.queue)}
        own, is_new = Adjudication.objects.update_or_create(
            item=item,
            adjudicator=rater,
            defaults=place,
            create_defaults={**place, "project_id": item.project_id},
        )
        if is_new:
            given = given_in(item, spec_of(item.queue.version), scores_of(item))
            own.draft = first_draft(given).to_json()
            own.save(update_fields=["draft"])
            audit.record("adjudication.taken", actor=member.user, object=own)
    return own


def _require_complete(draft: DecisionDraft, given: Sequence[Given]) -> None:
    lacking = missing(draft, given)
    if lacking:
        names = {one.criterion.uid: one.criterion.name for one in given}
        words = [f"{names[uid]} needs {what}" for uid, what in lacking.items()]
        raise Incomplete(f"Not decided yet: {'; '.join(words)}.", list(lacking))


def _why_not(own: Adjudication, member: Member) -> Refused | None:
    """Why this adjudication can't be taken; the draft is kept."""
    if access.is_rater(member, own.item):
        return Refused(
            "You have become a rater of this text, so this adjudication was not submitted. "
            "Somebody else has to settle it.",
            code="rater",
        )
    if not _is_free(own):
        return Refused(
            "Your time for this item ran out and somebody else has it now. So this adjudication "
            "was not submitted. Your draft is saved.",
            code="taken",
        )
    return None


def _settle(
    own: Adjudication,
    draft: DecisionDraft,
    given: Sequence[Given],
    scores: dict[str, list[Score]],
) -> None:
    """Write the rating, and for each criterion the decision with whom it overrides."""
    row = own.item.queue.version.spec
    assert row is not None  # noqa: S101  (a queue's version is published)
    key: dict[str, Any] = {
        "target": own.item.target,
        "spec": row,
        "rater": own.adjudicator,
        "purpose": Rating.Purpose.ADJUDICATION,
    }
    own.rating = ratings.submit_rating(
        **key,
        pass_number=ratings.next_pass(**key),
        active_seconds=own.active_seconds,
        scores=[_score(one, draft) for one in given],
    ).rating
    own.state, own.submitted_at = _State.SUBMITTED, own.rating.submitted_at
    _write_decisions(own, draft, scores)
    audit.record("adjudication.submitted", actor=own.adjudicator.user, object=own)


def _score(given: Given, draft: DecisionDraft) -> ratings.NewScore:
    uid = given.criterion.uid
    answer, reason = draft.levels.scores.get(uid), draft.reason(uid)
    if answer is None:
        return ratings.NewScore(
            uid, status=Score.Status.NOT_SCORED, rationale=reason, reason=ALL_STAND
        )
    if answer == NOT_APPLICABLE:
        return ratings.NewScore(uid, status=Score.Status.NOT_APPLICABLE, rationale=reason)
    return ratings.NewScore(uid, value=float(answer), rationale=reason)


def _write_decisions(
    own: Adjudication, draft: DecisionDraft, scores: dict[str, list[Score]]
) -> None:
    decisions = Decision.objects.bulk_create(
        Decision(
            project_id=own.project_id,
            adjudication=own,
            score=score,
            cause=draft.causes.get(score.criterion_uid, ""),
        )
        for score in own.rating.scores.order_by("pk")  # type: ignore[union-attr]
    )
    OverriddenScore.objects.bulk_create(
        OverriddenScore(project_id=own.project_id, decision=decision, score=score)
        for decision in decisions
        if decision.cause != LEGITIMATE
        for score in scores.get(decision.score.criterion_uid, ())
        if answer_of(score.status, score.value)
        != answer_of(decision.score.status, decision.score.value)
    )


def _write_draft(own: Adjudication, draft: DecisionDraft, active_seconds: float) -> None:
    own.draft = draft.to_json()
    own.draft_revision += 1
    own.draft_saved_at = timezone.now()
    own.active_seconds = max(own.active_seconds, active_seconds)


def _is_free(own: Adjudication) -> bool:
    """Whether nobody else has the item. The caller has locked it."""
    others = Adjudication.objects.filter(item=own.item_id, state__in=_LIVE)
    return not others.exclude(pk=own.pk).exists()


def _lock(adjudication: Adjudication) -> Adjudication:
    """The adjudication as it is now, with its person and its item locked."""
    _lock_rows(adjudication.adjudicator_id, adjudication.item_id)
    own = (
        Adjudication.objects.select_for_update(of=("self",))
        .select_related(
            "adjudicator__user",
            "item__target",
            "item__queue__version__spec",
            "item__queue__project",
        )
        .get(pk=adjudication.pk)
    )
    require_open(own.item.queue.project)
    return own


def _lock_rows(rater_id: UUID, item_id: UUID) -> None:
    lock_person(rater_id)
    Item.objects.select_for_update(no_key=True).get(pk=item_id)
