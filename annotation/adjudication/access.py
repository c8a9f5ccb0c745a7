"""Which queues and items a member adjudicates; 404 for what they are blind to or rated."""

from collections.abc import Sequence
from uuid import UUID

from django.http import Http404

from annotation.adjudication.waiting import OWN_LOOKS, ListedItem, listed_items
from annotation.models import Adjudication, Decision, Item, Rating
from annotation.ratings.blindness import blind_among
from webapp.accounts.access import Member
from webapp.accounts.models import Role

# Who settles what raters differ on.
ADJUDICATORS = (Role.CLINICIAN, Role.LEAD)


def item_to_adjudicate(member: Member, item_id: UUID) -> Item:
    """An item of the list that this member may settle. Raises Http404 for any other."""
    item = (
        Item.objects.filter(project=member.project, pk=item_id)
        .select_related("target", "queue__version__spec", "queue__project")
        .first()
    )
    if item is None or not _may_settle(listed_items(member, [item.queue], item_id=item.pk)):
        raise Http404
    return item


def own_adjudication(member: Member, adjudication_id: UUID) -> Adjudication:
    """This member's work on an item. Raises Http404 for everybody else's, and where they have
    become a rater of the text since."""
    found = (
        Adjudication.objects.filter(
            project=member.project, pk=adjudication_id, adjudicator__user=member.user
        )
        .select_related(
            "adjudicator__user",
            "item__target__turn__dialogue",
            "item__target__dialogue",
            "item__queue__version__rubric",
            "item__queue__version__spec",
            "item__queue__project",
        )
        .first()
    )
    if found is None or is_rater(member, found.item):
        raise Http404
    return found


def is_rater(member: Member, item: Item) -> bool:
    """Whether this member rated the text, or still has to rate it in some queue."""
    own = Rating.objects.filter(
        target=item.target_id,
        rater__user=member.user,
        purpose__in=OWN_LOOKS,
        withdrawn_at=None,
    )
    return own.exists() or bool(blind_among(member.user, member.project, {item.target_id}))


def _may_settle(listed: Sequence[ListedItem]) -> bool:
    return any(not row.is_own for row in listed)


def decision_for(member: Member, decision_id: UUID) -> Decision:
    """A decision with a cause that this member may see; 404 for every other one."""
    found = (
        Decision.objects.filter(
            project=member.project, pk=decision_id, score__rating__withdrawn_at=None
        )
        .exclude(cause="")
        .select_related(
            "score__rating__target__turn__dialogue",
            "score__rating__target__dialogue",
            "adjudication__item__queue__version__rubric",
        )
        .first()
    )
    if found is None or blind_among(member.user, member.project, {found.score.rating.target_id}):
        raise Http404
    return found
