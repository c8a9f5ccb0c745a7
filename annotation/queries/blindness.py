"""What a person may not see yet (DECISIONS 10).

Whoever has a place in an open queue sees no other rating, judge score, comment or agreement on
its items before the own submit, whatever other roles they hold. Every page, API view and socket
that shows one of these leaves `hidden_targets` out.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from annotation.models import Assignment, Item, Target
from annotation.models.desk import UNDO_WITHIN
from webapp.accounts.models import Project, User


def hidden_targets(
    user: User, project: Project, *, now: datetime | None = None
) -> QuerySet[Item, UUID]:
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
    return (
        Item.objects.filter(
            ~Exists(submitted),
            project=project,
            queue__closed_at=None,
            queue__raters__user=user,
        )
        .order_by()
        .values_list("target_id", flat=True)
    )


def is_hidden(user: User, target: Target, *, now: datetime | None = None) -> bool:
    """Whether this person is blind to this one target."""
    return hidden_targets(user, target.project, now=now).filter(target=target).exists()
