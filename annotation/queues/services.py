"""Queues: what is rated, by whom, how often each."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotation.leases import set_closed
from annotation.models import Assignment, Collection, Item, Queue, QueueRater, Snapshot
from annotation.queues.limits import ADJUDICATE_FROM, LEASE_MINUTES, OVERLAP
from annotation.sets.services import freeze
from rubrics.core.spec import from_json
from rubrics.models import RubricVersion
from webapp.accounts.access import require_open
from webapp.accounts.models import Membership, Project, Role, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused, Stale
from webapp.limits import SEED

_BATCH = 5_000


def queue_create(
    *,
    project: Project,
    actor: User,
    name: str,
    version: RubricVersion,
    raters: Sequence[User],
    collection: Collection | None = None,
    snapshot: Snapshot | None = None,
    overlap: int = OVERLAP.default,
    limit: int | None = None,
    seed: int = SEED.default,
    lease_minutes: int = LEASE_MINUTES.default,
    adjudicate_from: int = ADJUDICATE_FROM.default,
) -> Queue:
    """A queue over a snapshot, or over a set that is frozen for it now.

    Raises Refused for a version that is not published, a rater who is no annotator of the
    project, a snapshot of another kind than the rubric rates, or a name that an open queue has.
    """
    require_open(project)
    name = name.strip()
    _check(name, version, raters, overlap, lease_minutes)
    ADJUDICATE_FROM.require(adjudicate_from)
    kind = from_json(version.spec.content).target  # type: ignore[union-attr]
    if (collection is None) == (snapshot is None):
        raise Refused("Choose either a set or a snapshot for the queue.", code="source")
    with transaction.atomic():
        # The number comes first: it makes two clicks on the button wait for each other.
        number = next_number(project, "queue")
        if Queue.objects.filter(project=project, name=name, closed_at=None).exists():
            raise Refused(f"There is already an open queue named “{name}”.", code="name")
        if collection is not None:
            snapshot = freeze(collection=collection, actor=actor, seed=seed, limit=limit, kind=kind)
        assert snapshot is not None  # noqa: S101  (one of the two is there)
        queue = Queue.objects.create(
            project=project,
            number=number,
            name=name,
            version=version,
            snapshot=snapshot,
            overlap=overlap,
            lease_minutes=lease_minutes,
            adjudicate_from=adjudicate_from,
            created_by=actor,
        )
        items = _add_items(queue, kind)
        _add_raters(queue, raters)
        audit.record(
            "queue.created",
            actor=actor,
            object=queue,
            number=number,
            items=items,
            overlap=overlap,
            raters=len(raters),
        )
    return queue


def queue_close(*, queue: Queue, actor: User) -> bool:
    """Give out nothing more and take no rating. Drafts are kept. False where it was closed. Ends
    after the submits that are under way: who reads ratings then reads all of them."""
    return set_closed(queue, actor, "queue.closed", closes=True)


def queue_open(*, queue: Queue, actor: User) -> bool:
    """Go on with a closed queue. False where it was open. While it was closed nobody was blind
    to it."""
    with transaction.atomic():
        opened = set_closed(queue, actor, "queue.opened", closes=False)
        if opened:
            QueueRater.objects.filter(queue=queue).update(blind_since=timezone.now())
    return opened


def queue_set_raters(*, queue: Queue, actor: User, raters: Sequence[User]) -> None:
    """Who may rate from now on. Ratings of those who leave stay; what they hold is given back,
    its draft kept."""
    require_open(queue.project)
    _require_annotators(queue.project, raters)
    wanted = {user.pk for user in raters}
    with transaction.atomic():
        places = QueueRater.objects.select_for_update().filter(queue=queue)
        present = {place.user_id for place in places}
        gone = present - wanted
        QueueRater.objects.filter(queue=queue, user_id__in=gone).delete()
        Assignment.objects.filter(
            item__queue=queue, rater__user_id__in=gone, state=Assignment.State.RESERVED
        ).update(state=Assignment.State.RELEASED)
        _add_raters(queue, [user for user in raters if user.pk not in present])
        audit.record(
            "queue.raters_set",
            actor=actor,
            object=queue,
            added=sorted(str(pk) for pk in wanted - present),
            removed=sorted(str(pk) for pk in gone),
        )


def queue_set_adjudicate_from(*, queue: Queue, actor: User, levels: int) -> None:
    """From how many levels apart an adjudicator settles an item. What was settled stays."""
    require_open(queue.project)
    ADJUDICATE_FROM.require(levels)
    with transaction.atomic():
        Queue.objects.filter(pk=queue.pk).update(adjudicate_from=levels)
        audit.record("queue.adjudicate_from_set", actor=actor, object=queue, levels=levels)
    queue.adjudicate_from = levels


def concern_handle(*, concern: Assignment, actor: User, read_at: datetime | None) -> bool:
    """Say that a reported concern was dealt with. False where it was handled before. `read_at` is
    the `flagged_at` of what the person read: raises Stale where it was reported anew since."""
    require_open(concern.item.queue.project)
    with transaction.atomic():
        now = Assignment.objects.select_for_update(no_key=True).get(pk=concern.pk)
        if read_at != now.flagged_at:
            raise Stale(
                "The concern was reported again, in other words, since you read it. It is still "
                "open.",
                code="stale",
            )
        changed = now.flagged_at is not None and now.flag_handled_at is None
        if changed:
            now.flag_handled_at, now.flag_handled_by = timezone.now(), actor
            now.save(update_fields=["flag_handled_at", "flag_handled_by"])
            audit.record("concern.handled", actor=actor, object=concern)
    return changed


def _check(
    name: str,
    version: RubricVersion,
    raters: Sequence[User],
    overlap: int,
    lease_minutes: int,
) -> None:
    if not 0 < len(name) <= Queue.MAX_NAME:
        raise Refused(f"A queue needs a name of at most {Queue.MAX_NAME} characters.", code="name")
    if version.status != RubricVersion.Status.PUBLISHED or version.spec is None:
        raise Refused("People rate published rubric versions only.", code="not_published")
    if not from_json(version.spec.content).judge_criteria:
        raise Refused("This rubric has only checks. People don’t rate checks.", code="only_checks")
    OVERLAP.require(overlap)
    LEASE_MINUTES.require(lease_minutes)
    _require_annotators(version.project, raters)


def _require_annotators(project: Project, raters: Sequence[User]) -> None:
    ids = {user.pk for user in raters}
    if not ids:
        raise Refused("Choose at least one annotator.", code="raters")
    known = Membership.objects.filter(project=project, role=Role.ANNOTATOR, user_id__in=ids)
    if known.count() < len(ids):
        raise Refused("Somebody you chose is not an annotator in this project.", code="raters")


def _add_items(queue: Queue, kind: str) -> int:
    rows = queue.snapshot.members.order_by("position").values_list("target_id", "target__kind")
    members = list(rows)
    # A pasted text is a single reply, as a turn is.
    if any((found == "dialogue") != (kind == "dialogue") for _, found in members):
        wanted = "whole dialogues" if kind == "dialogue" else "single replies"
        raise Refused(
            f"The rubric rates {wanted}, but this snapshot has other texts.", code="target_kind"
        )
    Item.objects.bulk_create(
        (
            Item(project_id=queue.project_id, queue=queue, position=position, target_id=target)
            for position, (target, _) in enumerate(members)
        ),
        batch_size=_BATCH,
    )
    return len(members)


def _add_raters(queue: Queue, raters: Iterable[User]) -> None:
    unique = {user.pk: user for user in raters}
    QueueRater.objects.bulk_create(
        QueueRater(project_id=queue.project_id, queue=queue, user=user) for user in unique.values()
    )
