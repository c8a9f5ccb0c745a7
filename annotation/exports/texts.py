"""Which dialogues an export is about, and which texts its owner is blind to."""

from uuid import UUID

from django.db.models import Q, QuerySet

from annotation.corpus.access import dialogue_for
from annotation.corpus.gold_emotions import is_telling, shown_dialogues, without_told
from annotation.corpus.set_query import SetQuery, turns_in
from annotation.exports.registry import Filters
from annotation.models import Dialogue, Queue, Snapshot, Target, Turn
from annotation.queues.access import queue_of
from annotation.ratings import blindness
from annotation.ratings.blindness import hidden_targets
from annotation.sets.access import collection_for, snapshot_for
from annotation.sets.queries import in_words, names_in
from rubrics.models import RubricVersion
from webapp.accounts.access import Member, found_or_404
from webapp.errors import Refused
from webapp.ids import as_uuid

# The filters of the list of dialogues.
QUERY_FILTERS = ("import_run", "generation_run", "profile", "source", "emotion", "split")
TEXT_FILTERS = (*QUERY_FILTERS, "set", "snapshot", "dialogue")


def selected_dialogues(member: Member, filters: Filters) -> tuple[QuerySet[Dialogue], str]:
    """The finished dialogues that the filters name, and what they are as words without a full
    stop: “Dialogues from KardiaBench”."""
    _require_one_place(filters)
    if "dialogue" in filters:
        row = dialogue_for(member, as_id(filters["dialogue"]))
        return Dialogue.objects.filter(pk=row.pk, sealed_at__isnull=False), str(row)
    if "snapshot" in filters:
        snapshot = snapshot_for(member, as_id(filters["snapshot"]))
        rows = _members(snapshot)
        if is_telling(SetQuery.from_json(snapshot.collection.query)):
            rows = without_told(member, rows)
        return rows, f"Snapshot {snapshot.number} of {snapshot.collection.name}"
    if "set" in filters:
        collection = collection_for(member, as_id(filters["set"]))
        query = SetQuery.from_json(collection.query)
        return shown_dialogues(member, query), f"The set {collection.name}"
    named = {name: filters[name] for name in QUERY_FILTERS if name in filters}
    query = SetQuery.from_json({"kind": Target.Kind.DIALOGUE, **named})
    words = in_words(query, names_in(member.project, [query]), members="Dialogues")
    return shown_dialogues(member, query), words


def selected_turns(member: Member, filters: Filters) -> QuerySet[Turn] | None:
    """The turns that a set of easy or hard prompts or of last turns, or a snapshot of one, is
    about; None where the filters mean all turns of their dialogues."""
    if "snapshot" in filters:
        snapshot = snapshot_for(member, as_id(filters["snapshot"]))
        members = snapshot.members.order_by()
        # A set of last turns may have been frozen as the dialogues that these are in.
        is_whole = members.filter(target__kind=Target.Kind.DIALOGUE).exists()
        if is_whole or not SetQuery.from_json(snapshot.collection.query).picks_turns:
            return None
        return Turn.objects.filter(targets__in=members.values("target"))
    if "set" in filters:
        query = SetQuery.from_json(collection_for(member, as_id(filters["set"])).query)
        return turns_in(project=member.project, query=query) if query.picks_turns else None
    return None


def is_narrowed(filters: Filters) -> bool:
    """Whether a filter says which dialogues are meant."""
    return any(name in filters for name in TEXT_FILTERS)


def in_dialogues(dialogues: QuerySet[Dialogue], prefix: str = "target") -> Q:
    """The rows whose target is one of these dialogues or a turn in one."""
    ids = dialogues.order_by().values("pk")
    return Q(**{f"{prefix}__turn__dialogue__in": ids}) | Q(**{f"{prefix}__dialogue__in": ids})


def queue_for(member: Member, filters: Filters) -> Queue:
    return queue_of(member, as_id(filters["queue"]))


def published_version(member: Member, filters: Filters) -> RubricVersion:
    """The version whose ratings are exported, with its rubric and spec."""
    if "version" not in filters:
        raise Refused("Choose a rubric version on the agreement page.", code="version")
    rows = RubricVersion.objects.filter(
        project=member.project, pk=as_id(filters["version"]), published_at__isnull=False
    )
    return found_or_404(rows.select_related("rubric", "spec").first())


def blind_to(member: Member, prefix: str = "target") -> Q:
    """The rows whose target this member is blind to."""
    return Q(**{f"{prefix}__in": hidden_targets(member.user, member.project)})


def hidden_dialogues(member: Member, dialogues: list[UUID]) -> set[UUID]:
    """Of these dialogues those with a text that the member still has to rate: the desk does not
    tell which emotion they were written for, so an export does not either."""
    hidden = blindness.hidden_dialogues(member.user, member.project)
    return set(hidden.filter(pk__in=dialogues).values_list("pk", flat=True))


def as_id(text: str) -> UUID:
    pk = as_uuid(text)
    if pk is None:
        raise Refused("Give rows by their ids.", code="unknown_id")
    return pk


def _require_one_place(filters: Filters) -> None:
    places = [name for name in ("set", "snapshot", "dialogue") if name in filters]
    places += ["filters of the corpus"] if any(name in filters for name in QUERY_FILTERS) else []
    if len(places) > 1:
        raise Refused(
            f"Choose by {' or by '.join(places)}, not by both.", code="contradicting_filters"
        )


def _members(snapshot: Snapshot) -> QuerySet[Dialogue]:
    targets = Target.objects.filter(pk__in=snapshot.members.order_by().values("target"))
    return Dialogue.objects.filter(
        Q(pk__in=targets.values("turn__dialogue")) | Q(pk__in=targets.values("dialogue")),
        sealed_at__isnull=False,
    )
