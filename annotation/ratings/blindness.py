"""What a person may not see yet (DECISIONS 10).

Whoever has a place in an open queue sees no other rating, judge score, comment or agreement on
its items before the own submit, whatever other roles they hold. The same goes for the prompt and
both replies of a pair in an open blind comparison. Every page, API view and socket that shows one
of these leaves `hidden_targets` out.

Who leads a project or is a clinician in it reads all ratings while they have no place. Such a
person gets no item any more that somebody else had rated by then: see `read_items`.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from annotation.models import (
    Assignment,
    Comparison,
    ComparisonRater,
    Dialogue,
    Item,
    Pair,
    PairJudgement,
    Queue,
    QueueRater,
    Rater,
    Rating,
    Target,
    Turn,
)
from annotation.models.desk import UNDO_WITHIN
from webapp.accounts.models import Membership, Project, Role, User

# The words of a reply that is no turn.
_RESPONSE = KT("context__candidate__response")


def hidden_targets(
    user: User, project: Project, *, now: datetime | None = None
) -> QuerySet[Target, UUID]:
    """Ids of the targets that this person is blind to, as a subquery: for `target_id__in=...`.

    A submit that can still be taken back does not open one's eyes: otherwise one could look,
    undo and rate again.
    """
    sure = (now or timezone.now()) - UNDO_WITHIN
    submitted = Assignment.objects.filter(
        item=OuterRef("pk"),
        rater__user=user,
        state=Assignment.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    items = Item.objects.filter(
        ~Exists(submitted),
        project=project,
        queue__closed_at=None,
        queue__raters__user=user,
    ).order_by()
    pairs = hidden_pairs(user, project, now=now)
    hidden = items.values_list("target_id").union(
        *(pairs.values_list(target) for target in ("prompt_id", "first_id", "second_id"))
    )
    return Target.objects.filter(pk__in=hidden).values_list("pk", flat=True)


def hidden_pairs(user: User, project: Project, *, now: datetime | None = None) -> QuerySet[Pair]:
    """The pairs of open comparisons that this person still has to judge. Pairs that say the same
    twice are judged by nobody."""
    sure = (now or timezone.now()) - UNDO_WITHIN
    judged = PairJudgement.objects.filter(
        pair=OuterRef("pk"),
        rater__user=user,
        state=PairJudgement.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    return Pair.objects.filter(
        ~Exists(judged),
        project=project,
        is_identical=False,
        comparison__closed_at=None,
        comparison__raters__user=user,
    ).order_by()


def hidden_dialogues(user: User, project: Project) -> QuerySet[Dialogue]:
    """The dialogues with a text that this person is blind to."""
    targets = Target.objects.filter(pk__in=hidden_targets(user, project))
    return Dialogue.objects.filter(
        Q(pk__in=targets.values("turn__dialogue")) | Q(pk__in=targets.values("dialogue")),
        project=project,
    )


def blind_among(user: User, project: Project, targets: Collection[UUID]) -> set[UUID]:
    """Which of these targets this person is blind to: those of their items, and replies that are
    no turn but say word for word what one of their items says. Else whoever pastes an item
    somewhere would read what a judge gives it."""
    hidden = hidden_targets(user, project)
    found = set(hidden.filter(pk__in=targets))
    return found.union(copies_of(hidden).filter(pk__in=targets).values_list("pk", flat=True))


def copies_of(targets: QuerySet[Target, UUID]) -> QuerySet[Target]:
    """Texts that are no turn and say word for word what one of these targets says."""
    said = Turn.objects.filter(targets__in=targets).values("text")
    texts = Target.objects.filter(kind=Target.Kind.TEXT).alias(response=_RESPONSE)
    replies = texts.filter(pk__in=targets).values_list(_RESPONSE)
    return texts.filter(Q(response__in=said) | Q(response__in=replies))


def read_items(user: User, queue: Queue) -> QuerySet[Item]:
    """The items of a queue whose ratings this person may have read: somebody else had rated them
    by the same rubric text before this person became blind to them."""
    place = QueueRater.objects.filter(queue=queue, user=user).first()
    if place is None or not reads_ratings(user, queue.project_id):
        return Item.objects.none()
    by_others = Rating.objects.filter(
        target=OuterRef("target"),
        spec=queue.version.spec_id,
        rater__kind=Rater.Kind.PERSON,
        withdrawn_at=None,
        submitted_at__lt=place.blind_since,
    ).exclude(rater__user=user)
    return Item.objects.filter(Exists(by_others), queue=queue)


def read_pairs(user: User, comparison: Comparison) -> QuerySet[Pair]:
    """The pairs of a comparison whose judgements this person may have read: somebody else had
    judged them before this person became blind to them."""
    place = ComparisonRater.objects.filter(comparison=comparison, user=user).first()
    if place is None or not reads_ratings(user, comparison.project_id):
        return Pair.objects.none()
    by_others = PairJudgement.objects.filter(
        pair=OuterRef("pk"),
        state=PairJudgement.State.SUBMITTED,
        submitted_at__lt=place.blind_since,
    ).exclude(rater__user=user)
    return Pair.objects.filter(Exists(by_others), comparison=comparison)


def reads_ratings(user: User, project_id: UUID) -> bool:
    """Whether this person's roles show them what others gave."""
    roles = [Role.LEAD, Role.CLINICIAN]
    return Membership.objects.filter(user=user, project=project_id, role__in=roles).exists()


def queue_still_rating(target: Target, *, now: datetime | None = None) -> Queue | None:
    """An open queue in which somebody with a place is blind to this target; None if nobody is."""
    sure = (now or timezone.now()) - UNDO_WITHIN
    submitted = Assignment.objects.filter(
        item__target=target,
        item__queue=OuterRef("queue"),
        rater__user=OuterRef("user"),
        state=Assignment.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    places = QueueRater.objects.filter(
        ~Exists(submitted), queue__items__target=target, queue__closed_at=None
    )
    return Queue.objects.filter(pk__in=places.values("queue")).order_by("created_at").first()


def comparison_still_judging(target: Target, *, now: datetime | None = None) -> Comparison | None:
    """An open blind comparison in which somebody is blind to this target; None if nobody is."""
    sure = (now or timezone.now()) - UNDO_WITHIN
    judged = PairJudgement.objects.filter(
        pair=OuterRef("pk"),
        rater__user=OuterRef("comparison__raters__user"),
        state=PairJudgement.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    pairs = Pair.objects.filter(
        Q(prompt=target) | Q(first=target) | Q(second=target),
        ~Exists(judged),
        is_identical=False,
        comparison__closed_at=None,
        comparison__raters__isnull=False,
    )
    return Comparison.objects.filter(pk__in=pairs.values("comparison")).first()


def is_hidden(user: User, target: Target, *, now: datetime | None = None) -> bool:
    """Whether this person is blind to this one target."""
    return hidden_targets(user, target.project, now=now).filter(pk=target.pk).exists()
