"""The annotator's desk: claim an item, keep its draft, submit, take back, skip, flag.

Locks are always taken in one order: against the close of the queue, then the person's rater row,
then items, then the person's own assignments. The rater row makes two tabs of one person wait for
each other; an item's row guards how many people have a place at it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from annotation.desk.changes import draft_of, why_not_change
from annotation.desk.places import (
    has_room,
    may_have_read,
    places_taken,
    require_taking_part,
    why_not_submit,
)
from annotation.leases import hold_off_close, lease, lock_person, require_time_to_undo
from annotation.models import Assignment, Item, Queue, Rater, Rating, Score
from annotation.ratings import services as ratings
from annotation.ratings.blindness import read_items
from annotation.ratings.carried_ratings import own_levels
from annotation.ratings.drafts import (
    NOT_APPLICABLE,
    Draft,
    Incomplete,
    StaleDraft,
    read_active_seconds,
    read_draft,
)
from rubrics.core.spec import RubricSpec
from rubrics.queries import spec_of
from webapp.accounts.access import require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.text import storable

_State = Assignment.State
MAX_REASON = 2_000
OTHER_WINDOW = "Not submitted: you rated this in another window. That rating is in My ratings."


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A saved draft. `is_held` is False where its place has gone to somebody else meanwhile."""

    revision: int
    saved_at: datetime | None
    is_held: bool


def claim_next(*, queue: Queue, rater: Rater) -> Assignment | None:
    """The item that this person goes on with, or takes now; None where there is none for them.

    An item never has more people than the queue's overlap: whoever submitted, and whoever holds
    it under a lease that has not run out. Each attempt is one short transaction that locks one
    item, so that no two of them can wait for each other.
    """
    # Items that others are just claiming are passed by. Where no other is left, wait for them:
    # their claim may fail, and "nothing is left" has to be true.
    for skip_locked in (True, False):
        while True:
            with transaction.atomic():
                hold_off_close(queue.pk)
                lock_person(rater.pk)
                queue = Queue.objects.select_related("project", "version__spec").get(pk=queue.pk)
                require_taking_part(queue, rater)
                item = _held_item(queue, rater) or _free_item(queue, rater, skip_locked)
                if item is None:
                    break
                own = _take(item, queue, rater)
            if own is not None:
                return own
    return None


def draft_save(
    *,
    assignment: Assignment,
    draft: object,
    revision: int,
    active_seconds: object = 0,
    replaces: UUID | None = None,
) -> SavedDraft:
    """Keep what was written so far, and the place at the item for another lease. `replaces` is
    the submitted rating that the draft is to change.

    Raises StaleDraft where `revision` is not the one there is, BadDraft for what is no draft.
    """
    spec = spec_of(assignment.item.queue.version)
    read, seconds = read_draft(spec, draft), read_active_seconds(active_seconds)
    with transaction.atomic():
        own = _lock(assignment)
        is_change = own.state == _State.SUBMITTED
        if is_change:
            _require_change(own, replaces, "You have already submitted this rating.")
        if own.draft_revision != revision:
            raise StaleDraft("rating", own.draft, own.draft_revision)
        _write_draft(own, read, seconds)
        is_held = is_change or (own.state == _State.RESERVED and _renew(own))
        own.save()
        return SavedDraft(own.draft_revision, own.draft_saved_at, is_held)


def submit(
    *,
    assignment: Assignment,
    draft: object,
    active_seconds: object = 0,
    revision: int | None = None,
    replaces: UUID | None = None,
) -> Assignment:
    """Make the rating. The same submit twice is one rating; one that says something else is
    Refused, so that nobody believes that it was taken. Who means to change the rating says which
    one the new rating `replaces`.

    After the lease it still counts while the item needs it. Where it does not, the draft is kept
    and Refused says so. Raises Incomplete for criteria without a level, BadDraft for no draft,
    StaleDraft where another draft was saved since `revision`.
    """
    spec = spec_of(assignment.item.queue.version)
    read, seconds = read_draft(spec, draft), read_active_seconds(active_seconds)
    missing = read.missing(spec)
    if missing:
        raise Incomplete(
            f"Not rated yet: {', '.join(c.name for c in missing)}.", [c.uid for c in missing]
        )
    with transaction.atomic():
        own = _lock(assignment)
        is_change = own.state == _State.SUBMITTED
        if own.rating is not None and draft_of(own.rating) == read:
            return own
        if is_change:
            _require_change(own, replaces, OTHER_WINDOW)
        if revision not in (None, own.draft_revision) and own.draft != read.to_json():
            raise StaleDraft("rating", own.draft, own.draft_revision)
        _write_draft(own, read, seconds)
        refusal = None if is_change else why_not_submit(own)
        if refusal is None:
            _rate(own, spec, read)
        own.save()
    if refusal is not None:
        raise refusal
    return own


def undo(*, assignment: Assignment, actor: User) -> Assignment:
    """Take a submit back within a minute: the rating is withdrawn, the item is open again with
    what was written. Or take a skip back, while the item still has a place for this person.
    Raises Refused where it is too late."""
    with transaction.atomic():
        own = _lock(assignment)
        if own.state == _State.SKIPPED:
            _undo_skip(own, actor)
        elif own.state == _State.SUBMITTED:
            _undo_submit(own, actor)
        else:
            return own
        own.state, own.leased_until = _State.RESERVED, lease(own.item.queue)
        own.save()
    return own


def skip(*, assignment: Assignment, actor: User, reason: str = "") -> Assignment:
    """Give the item to somebody else. It does not come back by itself, but can be opened again
    from the desk. Nobody has to give a reason."""
    with transaction.atomic():
        own = _lock(assignment)
        if own.state == _State.SUBMITTED:
            raise Refused("You have already submitted this rating.", code="submitted")
        if own.state != _State.SKIPPED:
            own.state, own.skip_reason = _State.SKIPPED, _reason(reason)
            own.skipped_at = timezone.now()
            own.save()
            audit.record("assignment.skipped", actor=actor, object=own)
    return own


def flag(*, assignment: Assignment, actor: User, reason: str) -> Assignment:
    """Report a concern about the item to the lead; it is still there to rate."""
    if not reason.strip():
        raise Refused("Describe your concern.", code="reason")
    with transaction.atomic():
        own = _lock(assignment)
        own.flagged_at, own.flag_reason = timezone.now(), _reason(reason)
        own.flag_handled_at = own.flag_handled_by = None
        own.save()
        audit.record("assignment.flagged", actor=actor, object=own)
    return own


def _lock_item(item_id: UUID) -> Item:
    return Item.objects.select_for_update(no_key=True).get(pk=item_id)


def _lock(assignment: Assignment) -> Assignment:
    """The assignment as it is now, with its item and its person locked, in a queue that is not
    closed meanwhile."""
    hold_off_close(assignment.item.queue_id)
    lock_person(assignment.rater_id)
    _lock_item(assignment.item_id)
    own = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related(
            "rater__user",
            "rating",
            "item__target",
            "item__queue__version__spec",
            "item__queue__project",
        )
        .get(pk=assignment.pk)
    )
    require_open(own.item.queue.project)
    return own


def _held_item(queue: Queue, rater: Rater) -> Item | None:
    """Lock and return the first item that this person holds, be its lease over or not."""
    held = Assignment.objects.filter(item__queue=queue, rater=rater, state=_State.RESERVED)
    first = held.order_by("item__position").values_list("item_id", flat=True).first()
    return None if first is None else _lock_item(first)


def _free_item(queue: Queue, rater: Rater, skip_locked: bool) -> Item | None:
    """Lock and return the first item with a place for this person."""
    assert rater.user is not None  # noqa: S101  (a person's rater)
    mine = Assignment.objects.filter(item=OuterRef("pk"), rater=rater)
    return (
        Item.objects.filter(~Exists(mine.exclude(state=_State.RELEASED)), queue=queue)
        .exclude(pk__in=read_items(rater.user, queue.project_id, [queue.pk]).values("pk"))
        .annotate(taken=places_taken(timezone.now()))
        .filter(taken__lt=queue.overlap)
        .order_by("position")
        .select_for_update(skip_locked=skip_locked, no_key=True, of=("self",))
        .first()
    )


def _take(item: Item, queue: Queue, rater: Rater) -> Assignment | None:
    """Reserve a locked item, or give it back where its last place is gone: somebody may have
    taken it between the search and the lock, or after the lease ran out."""
    if not has_room(item, queue, rater) or may_have_read(item, queue, rater):
        Assignment.objects.filter(item=item, rater=rater, state=_State.RESERVED).update(
            state=_State.RELEASED
        )
        return None
    place = {"state": _State.RESERVED, "leased_until": lease(queue)}
    own, is_new = Assignment.objects.update_or_create(
        item=item,
        rater=rater,
        defaults=place,
        create_defaults={**place, "project_id": item.project_id},
    )
    if is_new:
        # Nobody is asked again what they said of a criterion that means the same (DECISIONS 2).
        spec = queue.version.spec
        assert spec is not None  # noqa: S101  (a queue's version is published)
        known = own_levels(rater, item.target, spec)
        if known.scores:
            own.draft = known.to_json()
            own.save(update_fields=["draft"])
    return own


def _renew(own: Assignment) -> bool:
    """Keep the place for another lease, unless it ran out and somebody else has it."""
    queue = own.item.queue
    if own.leased_until <= timezone.now() and not has_room(own.item, queue, own.rater):
        return False
    own.leased_until = lease(queue)
    return True


def _write_draft(own: Assignment, draft: Draft, active_seconds: float) -> None:
    own.draft = draft.to_json()
    own.draft_revision += 1
    own.draft_saved_at = timezone.now()
    # A second window starts to count anew; the longer time is the truer one.
    own.active_seconds = max(own.active_seconds, active_seconds)


def _require_change(own: Assignment, replaces: UUID | None, otherwise: str) -> None:
    """Refuse a window that knows nothing of the rating that was submitted, in the words
    `otherwise`, and a change that comes too late."""
    if replaces != own.rating_id:
        raise Refused(otherwise, code="submitted")
    if (refusal := why_not_change(own)) is not None:
        raise refusal


def _rate(own: Assignment, spec: RubricSpec, draft: Draft) -> None:
    """Write the rating. An item that this person rated in another queue is another pass. A change
    is the same pass: it takes the place of the rating before, which is withdrawn. The time of the
    first submit stays, and with it until when it can be undone."""
    row, before, person = own.item.queue.version.spec, own.rating, own.rater.user
    assert row is not None  # noqa: S101  (a queue's version is published)
    key: dict[str, Any] = {
        "target": own.item.target,
        "spec": row,
        "rater": own.rater,
        "purpose": Rating.Purpose.DESK,
    }
    if before is not None and person is not None:
        ratings.withdraw_rating(rating=before, actor=person)
    own.rating = ratings.submit_rating(
        **key,
        pass_number=before.pass_number if before else ratings.next_pass(**key),
        active_seconds=own.active_seconds,
        scores=[_score(c.uid, draft) for c in spec.judge_criteria],
    ).rating
    if before is None:
        own.state, own.submitted_at = _State.SUBMITTED, own.rating.submitted_at
    else:
        audit.record("rating.changed", actor=person, object=own.rating, replaced=str(before.pk))


def _score(uid: str, draft: Draft) -> ratings.NewScore:
    level, rationale = draft.scores[uid], draft.rationales.get(uid, "")
    if isinstance(level, str):
        assert level == NOT_APPLICABLE  # noqa: S101  (the draft was read)
        return ratings.NewScore(uid, status=Score.Status.NOT_APPLICABLE, rationale=rationale)
    return ratings.NewScore(uid, value=level, rationale=rationale)


def _undo_submit(own: Assignment, actor: User) -> None:
    require_time_to_undo(own.submitted_at, "a rating")
    if own.item.queue.closed_at is not None:
        raise Refused("The queue is closed, so you can’t take this rating back.", code="closed")
    assert own.rating is not None  # noqa: S101  (a constraint of the table)
    ratings.withdraw_rating(rating=own.rating, actor=actor)
    own.rating, own.submitted_at = None, None


def _undo_skip(own: Assignment, actor: User) -> None:
    require_taking_part(own.item.queue, own.rater)
    if not has_room(own.item, own.item.queue, own.rater) or may_have_read(
        own.item, own.item.queue, own.rater
    ):
        raise Refused("Somebody else is rating this item now. It stays skipped.", code="full")
    own.skip_reason, own.skipped_at = "", None
    audit.record("assignment.skip_undone", actor=actor, object=own)


def _reason(text: str) -> str:
    return storable(text.replace("\x00", "")).strip()[:MAX_REASON]
