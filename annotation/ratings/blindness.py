"""What a person may not see yet (DECISIONS 10): one rule, asked here by every page, API view,
export and socket.

Whoever has a place in an open queue or blind comparison is blind to the texts that they still have
to rate there (`own_targets`), before the own submit, whatever other roles they hold. For that time
they see nothing that anybody or any judge said about

- these texts, and texts that say the same, in whatever context and whoever put them there;
- replies that models wrote in the place of such a text: what a judge gives them and whether they
  name the emotion tells how the text itself is judged, and what it was written to be.

Both are `hidden_targets`. Which emotion the dialogues of these texts were written for is hidden,
too (`hidden_dialogues`), and every list, count and set that would tell it leaves them out.

Who leads a project or is a clinician in it reads all ratings and judge scores while they have no
place. Such a person gets no item any more that somebody else or a judge had rated by then: see
`read_items`.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from annotation.models import (
    Assignment,
    Comparison,
    ComparisonRater,
    Dialogue,
    DifficultyReply,
    DraftScore,
    Item,
    Pair,
    PairJudgement,
    Queue,
    QueueRater,
    Rater,
    Rating,
    Target,
)
from annotation.models.desk import UNDO_WITHIN
from webapp.accounts.models import Membership, Project, Role, User
from webapp.db import written

# Targets of replies in the place of one of these targets; other apps register theirs.
InPlace = Callable[[QuerySet[Target, UUID]], QuerySet[Any, Any]]
_in_place: list[InPlace] = []


def register_replies(in_place: InPlace) -> None:
    """Say which replies models write in the place of a text. Called from AppConfig.ready."""
    _in_place.append(in_place)


def hidden_targets(
    user: User, project: Project, *, now: datetime | None = None
) -> QuerySet[Target, UUID]:
    """Ids of the targets that this person is blind to, as a subquery: for `target_id__in=...`."""
    own = own_targets(user, project, now=now)
    same = Target.objects.filter(project=project, normal_hash__in=words_of(own))
    fresh = DifficultyReply.objects.filter(prompt__target__in=own, target__isnull=False)
    hidden = own.union(
        same.values_list("pk"),
        fresh.order_by().values_list("target_id"),
        *(replies(own) for replies in _in_place),
    )
    return Target.objects.filter(pk__in=written(hidden)).values_list("pk", flat=True)


def own_targets(
    user: User, project: Project, *, now: datetime | None = None
) -> QuerySet[Target, UUID]:
    """Ids of what this person still has to rate or to judge, as a subquery.

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
    own = items.values_list("target_id").union(
        *(pairs.values_list(target) for target in ("prompt_id", "first_id", "second_id"))
    )
    return Target.objects.filter(pk__in=written(own)).values_list("pk", flat=True)


def words_of(targets: QuerySet[Target, UUID]) -> QuerySet[Target, str]:
    """The hashes of what these targets say: whatever has one of them says the same."""
    said = Target.objects.filter(pk__in=targets).exclude(normal_hash="")
    return said.values_list("normal_hash", flat=True)


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
    """The dialogues with a text that this person still has to rate: nobody tells them which
    emotion these were written for."""
    targets = Target.objects.filter(pk__in=own_targets(user, project))
    return Dialogue.objects.filter(
        Q(pk__in=targets.values("turn__dialogue")) | Q(pk__in=targets.values("dialogue")),
        project=project,
    )


def blind_among(user: User, project: Project, targets: Collection[UUID]) -> set[UUID]:
    """Which of these targets this person is blind to."""
    return set(hidden_targets(user, project).filter(pk__in=targets))


def read_items(user: User, project_id: UUID, queues: Collection[UUID]) -> QuerySet[Item]:
    """The items of these queues that this person may have read a score of: before they became
    blind to them, somebody else or a judge had rated the text, or one that says the same, by the
    queue's rubric text."""
    places = QueueRater.objects.filter(queue=OuterRef("queue"), user=user)
    items = Item.objects.filter(queue__in=queues).alias(
        since=Subquery(places.values("blind_since")[:1]), said=F("target__normal_hash")
    )
    if not reads_ratings(user, project_id):
        return items.none()
    by_the_same = {"project": project_id, "spec": OuterRef("queue__version__spec")}
    rated = Rating.objects.filter(
        **by_the_same,
        rater__kind__in=[Rater.Kind.PERSON, Rater.Kind.AUTHOR, Rater.Kind.JUDGE],
        withdrawn_at=None,
        submitted_at__lt=OuterRef("since"),
    ).exclude(rater__user=user)
    tried = DraftScore.objects.filter(**by_the_same, created_at__lt=OuterRef("since"))
    itself = Q(target=OuterRef("target"))
    alike = Q(target__normal_hash=OuterRef("said")) & ~Q(target__normal_hash="")
    return items.filter(
        Exists(rated.filter(itself))
        | Exists(rated.filter(alike))
        | Exists(tried.filter(itself))
        | Exists(tried.filter(alike))
    )


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
    """An open queue in which somebody with a place still rates this target or one that says the
    same; None if nobody does."""
    sure = (now or timezone.now()) - UNDO_WITHIN
    submitted = Assignment.objects.filter(
        item__target=OuterRef("queue__items__target"),
        item__queue=OuterRef("queue"),
        rater__user=OuterRef("user"),
        state=Assignment.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    places = QueueRater.objects.filter(
        ~Exists(submitted), queue__items__target__in=_same_as(target), queue__closed_at=None
    )
    return Queue.objects.filter(pk__in=places.values("queue")).order_by("created_at").first()


def comparison_still_judging(target: Target, *, now: datetime | None = None) -> Comparison | None:
    """An open blind comparison in which somebody still judges this target or one that says the
    same; None if nobody does."""
    sure = (now or timezone.now()) - UNDO_WITHIN
    judged = PairJudgement.objects.filter(
        pair=OuterRef("pk"),
        rater__user=OuterRef("comparison__raters__user"),
        state=PairJudgement.State.SUBMITTED,
        submitted_at__lte=sure,
    )
    same = _same_as(target)
    pairs = Pair.objects.filter(
        Q(prompt__in=same) | Q(first__in=same) | Q(second__in=same),
        ~Exists(judged),
        is_identical=False,
        comparison__closed_at=None,
        comparison__raters__isnull=False,
    )
    return Comparison.objects.filter(pk__in=pairs.values("comparison")).first()


def is_hidden(user: User, target: Target, *, now: datetime | None = None) -> bool:
    """Whether this person is blind to this one target."""
    return hidden_targets(user, target.project, now=now).filter(pk=target.pk).exists()


def _same_as(target: Target) -> QuerySet[Target]:
    """The target itself and those that say the same."""
    same = Q(normal_hash=target.normal_hash) & ~Q(normal_hash="")
    return Target.objects.filter(Q(pk=target.pk) | same, project=target.project_id)
