"""Submitted ratings that their raters may still change, until their queue is closed.

A change is a new rating; the one before is withdrawn. Nobody may change a rating after they could
have read what others gave: who reads ratings in this project has the minute of the undo alone.
"""

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Adjudication, Assignment, QueueRater, Rating
from annotation.ratings.blindness import reads_ratings
from annotation.ratings.drafts import NOT_APPLICABLE, Draft
from webapp.accounts.access import Member
from webapp.errors import Refused


def changeable(member: Member) -> QuerySet[Assignment]:
    """The submitted ratings of this person that they may still change."""
    if reads_ratings(member.user, member.project.pk):
        return Assignment.objects.none()
    places = QueueRater.objects.filter(
        queue=OuterRef("item__queue"),
        user=member.user,
        blind_since__lte=OuterRef("submitted_at"),
    )
    return Assignment.objects.filter(
        Exists(places),
        ~Exists(_settling().filter(item=OuterRef("item"))),
        project=member.project,
        rater__user=member.user,
        state=Assignment.State.SUBMITTED,
        item__queue__closed_at=None,
    )


def why_not_change(own: Assignment) -> Refused | None:
    """Why this submitted rating can't be changed any more. The caller has locked the item."""
    queue, user = own.item.queue, own.rater.user
    if queue.closed_at is not None:
        return Refused(
            "The queue is closed, so you can’t change this rating any more.", code="closed"
        )
    places = QueueRater.objects.filter(queue=queue, user=user)
    if not places.exists():
        return Refused(
            "You are no longer in this queue, so you can’t change this rating.", code="left"
        )
    assert user is not None  # noqa: S101  (a person's rater)
    has_read = places.filter(blind_since__gt=own.submitted_at).exists()
    if has_read or reads_ratings(user, own.project_id):
        return Refused(
            "You could have seen other ratings of this item, so you can’t change yours any more.",
            code="read",
        )
    if _settling().filter(item=own.item_id).exists():
        return Refused(
            "This item is settled, or somebody is settling it. So you can’t change your rating "
            "any more.",
            code="settled",
        )
    return None


def draft_of(rating: Rating) -> Draft:
    """What a submitted rating says, as the draft that it was made from."""
    scores = list(rating.scores.all())
    return Draft(
        {s.criterion_uid: NOT_APPLICABLE if s.value is None else int(s.value) for s in scores},
        {s.criterion_uid: s.rationale for s in scores if s.rationale},
    )


def _settling() -> QuerySet[Adjudication]:
    """Who settles or settled an item. Also after the lease, because a late submit still counts: it
    has to be about the ratings that the adjudicator read."""
    state = Adjudication.State
    return Adjudication.objects.filter(state__in=[state.SUBMITTED, state.RESERVED])
