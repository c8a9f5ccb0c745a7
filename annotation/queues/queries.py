"""What the lead's pages of queues show. All numbers are counted from rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Avg, Count, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.models import Assignment, Item, Queue, QueueRater
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.labels import title_of
from webapp.accounts.access import Member
from webapp.accounts.models import Membership, Project, Role, User
from webapp.db import counted

_State = Assignment.State
WORRIES = 50


@dataclass(frozen=True)
class QueueProgress:
    """Ratings done and needed, and items by how far they are."""

    done: int
    needed: int
    items: int
    complete: int
    untouched: int
    held: int

    @property
    def begun(self) -> int:
        return self.items - self.complete - self.untouched

    @property
    def share(self) -> float:
        return self.done / self.needed if self.needed else 0.0


@dataclass(frozen=True)
class QueuePerson:
    """One person's work in a queue. `has_place` is False for who was taken out of it."""

    user: User
    has_place: bool
    submitted: int
    held: int
    skipped: int
    flagged: int
    seconds: float | None
    last_at: datetime | None


@dataclass(frozen=True)
class Concern:
    """A flag or a skip, with its reason."""

    assignment: Assignment
    title: str
    by: str
    kind: str
    reason: str
    dialogue_id: UUID | None
    position: int | None


def queues_of(project: Project) -> QuerySet[Queue]:
    """The queues with `item_count`, `done` ratings, `needed` ratings and `rater_count`."""
    items = Item.objects.filter(queue=OuterRef("pk"))
    done = Assignment.objects.filter(item__queue=OuterRef("pk"), state=_State.SUBMITTED)
    raters = QueueRater.objects.filter(queue=OuterRef("pk"))
    return (
        Queue.objects.filter(project=project)
        .select_related("version__rubric", "snapshot__collection", "created_by", "project")
        .annotate(
            item_count=counted(items, "queue"),
            done=counted(done, "item__queue"),
            rater_count=counted(raters, "queue"),
        )
        .annotate(needed=F("item_count") * F("overlap"))
        .order_by("-number")
    )


def progress_of(queue: Queue) -> QueueProgress:
    done = Assignment.objects.filter(item=OuterRef("pk"), state=_State.SUBMITTED)
    items = queue.items.order_by().annotate(done=counted(done, "item"))
    found = items.aggregate(
        total=Count("pk"),
        complete=Count("pk", filter=Q(done__gte=queue.overlap)),
        untouched=Count("pk", filter=Q(done=0)),
    )
    ratings = Assignment.objects.filter(item__queue=queue).aggregate(
        done=Count("pk", filter=Q(state=_State.SUBMITTED)),
        held=Count("pk", filter=Q(state=_State.RESERVED, leased_until__gt=timezone.now())),
    )
    return QueueProgress(
        done=ratings["done"],
        needed=found["total"] * queue.overlap,
        items=found["total"],
        complete=found["complete"],
        untouched=found["untouched"],
        held=ratings["held"],
    )


def people_of(queue: Queue) -> list[QueuePerson]:
    """Everybody who may rate or has rated in the queue, by name."""
    places = {place.user_id: place.user for place in queue.raters.select_related("user").all()}
    rows = (
        Assignment.objects.filter(item__queue=queue)
        .order_by()
        .values("rater__user_id")
        .annotate(
            submitted=Count("pk", filter=Q(state=_State.SUBMITTED)),
            held=Count("pk", filter=Q(state=_State.RESERVED, leased_until__gt=timezone.now())),
            skipped=Count("pk", filter=Q(state=_State.SKIPPED)),
            flagged=Count("pk", filter=Q(flagged_at__isnull=False)),
            seconds=Avg("active_seconds", filter=Q(state=_State.SUBMITTED)),
            last_at=Max("submitted_at"),
        )
    )
    work = {
        row["rater__user_id"]: {name: row[name] for name in row if name != "rater__user_id"}
        for row in map(dict, rows)
    }
    gone = User.objects.in_bulk(set(work) - set(places))
    idle = {
        "submitted": 0, "held": 0, "skipped": 0, "flagged": 0, "seconds": None, "last_at": None
    }  # fmt: skip
    people = [
        QueuePerson(user=user, has_place=pk in places, **work.get(pk, idle))
        for pk, user in {**places, **gone}.items()
    ]
    return sorted(people, key=lambda person: str(person.user).lower())


def concerns(member: Member) -> QuerySet[Assignment]:
    """What raters of the project reported and this member may read, the last first."""
    return (
        _flagged(member)
        .exclude(_hidden(member))
        .select_related(
            "rater__user",
            "flag_handled_by",
            "item__queue__project",
            "item__target__turn__dialogue",
            "item__target__dialogue",
        )
        .order_by("-flagged_at", "-id")
    )


def open_concerns(member: Member) -> tuple[QuerySet[Assignment], int]:
    """Concerns that nobody has handled, and how many are left out because this member has yet to
    rate their items."""
    waiting = Q(flag_handled_at=None)
    hidden = _flagged(member).filter(waiting, _hidden(member)).count()
    return concerns(member).filter(waiting), hidden


def concerns_of(member: Member, queue: Queue) -> tuple[list[Concern], int]:
    """Flags and skips that have a reason, the last first, and how many are left out because
    this member has yet to rate their items."""
    rows = Assignment.objects.filter(item__queue=queue).filter(
        Q(flagged_at__isnull=False) | (Q(state=_State.SKIPPED) & ~Q(skip_reason=""))
    )
    hidden = _hidden(member)
    shown = (
        rows.exclude(hidden)
        .select_related(
            "rater__user",
            "flag_handled_by",
            "item__target__turn__dialogue",
            "item__target__dialogue",
        )
        .order_by("-id")[:WORRIES]
    )
    return [_concern(row) for row in shown], rows.filter(hidden).count()


def annotators_of(project: Project) -> QuerySet[User]:
    """Who may be given a place in a queue."""
    members = Membership.objects.filter(project=project, role=Role.ANNOTATOR)
    return User.objects.filter(pk__in=members.values("user_id"), is_active=True).order_by("name")


def _flagged(member: Member) -> QuerySet[Assignment]:
    return Assignment.objects.filter(project=member.project, flagged_at__isnull=False)


def _hidden(member: Member) -> Q:
    """What others said about items that this member has yet to rate."""
    blind = hidden_targets(member.user, member.project)
    return Q(item__target_id__in=blind) & ~Q(rater__user=member.user)


def _concern(row: Assignment) -> Concern:
    target = row.item.target
    turn = target.turn
    flagged = row.flagged_at is not None
    return Concern(
        assignment=row,
        title=title_of(target),
        by=str(row.rater.user),
        kind="Concern" if flagged else "Skip",
        reason=row.flag_reason if flagged else row.skip_reason,
        dialogue_id=turn.dialogue_id if turn else target.dialogue_id,
        position=turn.position if turn else None,
    )
