"""Sets: a collection is a named query over the corpus, a snapshot its frozen members."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from annotation.corpus.set_query import SetQuery, dialogues_in, turns_in
from annotation.models import (
    Collection,
    DifficultyRun,
    GenerationRun,
    ImportRun,
    Profile,
    Snapshot,
    SnapshotMember,
    Target,
)
from annotation.models.corpus import Split
from annotation.ratings.targets import targets_for
from annotation.sets.limits import MEMBERS, shuffling
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, ProjectRow, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.db import one_at_a_time
from webapp.errors import Refused
from webapp.limits import SEED

# Targets asked for or made at once.
_CHUNK = 5_000


def collection_create(*, project: Project, actor: User, name: str, query: SetQuery) -> Collection:
    """Name a query. Raises Refused for no name, a long one, and a run that the project lacks."""
    require_open(project)
    name = name.strip()
    if not 0 < len(name) <= Collection.MAX_NAME:
        raise Refused(
            f"A set needs a name of at most {Collection.MAX_NAME} characters.", code="name"
        )
    _require_ours(project, query)
    with transaction.atomic():
        collection = Collection.objects.create(
            project=project,
            number=next_number(project, "collection"),
            name=name,
            query=query.to_json(),
            created_by=actor,
        )
        audit.record("collection.created", actor=actor, object=collection, number=collection.number)
    return collection


def freeze(
    *,
    collection: Collection,
    actor: User,
    seed: int = SEED.default,
    limit: int | None = None,
    kind: str | None = None,
) -> Snapshot:
    """Freeze the members of a collection as they are now.

    With seed 0 they come by dialogue number and position; any other seed shuffles them, the
    same way each time. `limit` keeps the first ones of that order. `kind` is the collection's
    own where it is not given. Raises Refused where nothing is in it, or too much.
    """
    require_open(collection.project)
    SEED.require(seed)
    if limit is not None:
        MEMBERS.require(limit)
    query, ids = _members(collection, seed=seed, limit=limit, kind=kind)
    return _freeze(collection, actor, ids, query.kind, seed=seed)


def freeze_turns(*, collection: Collection, actor: User, turns: Sequence[UUID]) -> Snapshot:
    """Freeze these supporter turns of a collection, in the order given. Raises Refused where the
    collection lacks one of them."""
    require_open(collection.project)
    query = SetQuery.from_json(collection.query)
    found = turns_in(project=collection.project, query=query).filter(pk__in=turns).count()
    if found < len(set(turns)):
        raise Refused(f"“{collection.name}” does not have all of these turns.", code="unknown_turn")
    return _freeze(collection, actor, turns, Target.Kind.TURN, seed=SEED.default)


def _freeze(
    collection: Collection, actor: User, ids: Sequence[UUID], kind: str, *, seed: int
) -> Snapshot:
    project = collection.project
    if not ids:
        raise Refused("This set is empty.", code="empty")
    MEMBERS.require(len(ids))
    with transaction.atomic():
        # The number comes first: of two who freeze at once one waits here. They make targets in
        # orders of their own, and would wait for each other there.
        number = next_number(project, "snapshot")
        targets = _targets(project, ids, kind)
        snapshot = Snapshot.objects.create(
            project=project,
            number=number,
            collection=collection,
            seed=seed,
            hash=_hash(targets),
            created_by=actor,
        )
        SnapshotMember.objects.bulk_create(
            (
                SnapshotMember(project=project, snapshot=snapshot, position=position, target=target)
                for position, target in enumerate(targets)
            ),
            batch_size=_CHUNK,
        )
        audit.record(
            "snapshot.frozen",
            actor=actor,
            object=snapshot,
            number=snapshot.number,
            members=len(targets),
            seed=seed,
        )
    return snapshot


def freeze_split(
    collection: Collection, split: Split, *, actor: User, seed: int, limit: int
) -> Snapshot:
    """A split of a set, frozen: `limit` supporter turns drawn by the seed. Raises Refused where
    it is empty."""
    project = collection.project
    query = _query_of(collection, split)
    with transaction.atomic():
        # Of two who start something at once, each may freeze several splits: they would make the
        # set of a split twice, and wait for each other's numbers of sets and snapshots.
        one_at_a_time(f"splits/{project.pk}")
        known = Collection.objects.filter(project=project, query=query.to_json())
        part = known.order_by("number").first() or collection_create(
            project=project,
            actor=actor,
            name=f"{collection.name[:100]}, {split.label.lower()} split",
            query=query,
        )
        try:
            return freeze(
                collection=part, actor=actor, seed=shuffling(seed), limit=limit, kind="turn"
            )
        except Refused as refusal:
            if refusal.code != "empty":
                raise
            raise Refused(
                f"“{collection.name}” has no texts in its {split.label.lower()} split. Choose a "
                "larger set.",
                code="empty_split",
            ) from None


def turns_of_split(collection: Collection, split: Split, *, seed: int, limit: int) -> list[UUID]:
    """The turns that `freeze_split` would freeze now. Freezes nothing."""
    query = replace(_query_of(collection, split), kind=Target.Kind.TURN)
    return _ordered(_places(collection.project, query), shuffling(seed))[:limit]


def _query_of(collection: Collection, split: Split) -> SetQuery:
    return SetQuery.from_json(collection.query | {"split": split.value})


def measured_set(collection: Collection) -> Collection:
    """The set with all splits behind one of easy or hard prompts, which has the prompts of one
    split only: the set that its difficulty run drew them from. Any other set is its own."""
    while run_id := collection.query.get("difficulty_run"):
        run = DifficultyRun.objects.select_related("collection__project").get(
            project=collection.project, pk=run_id
        )
        collection = run.collection
    return collection


def members_of(collection: Collection, *, seed: int, limit: int, kind: str) -> list[Target]:
    """The first `limit` members of the set as they are now, in the order of `freeze`."""
    query, ids = _members(collection, seed=seed, limit=limit, kind=kind)
    return _targets(collection.project, ids, query.kind)


def _members(
    collection: Collection, *, seed: int, limit: int | None, kind: str | None
) -> tuple[SetQuery, list[UUID]]:
    wanted = collection.query | ({"kind": kind} if kind else {})
    if kind == Target.Kind.DIALOGUE:
        # A dialogue of which the set has the last reply is rated as a whole here.
        wanted.pop("last_only", None)
    query = SetQuery.from_json(wanted)
    return query, _ordered(_places(collection.project, query), seed)[:limit]


def _places(project: Project, query: SetQuery) -> list[tuple[int, int, UUID]]:
    """(dialogue number, position, id) of every member, in that order."""
    if query.kind == Target.Kind.DIALOGUE:
        dialogues = dialogues_in(project=project, query=query).order_by("number")
        return [(number, 0, pk) for number, pk in dialogues.values_list("number", "pk")]
    turns = turns_in(project=project, query=query).order_by("dialogue__number", "position")
    return list(turns.values_list("dialogue__number", "position", "pk"))


def _ordered(places: Sequence[tuple[int, int, UUID]], seed: int) -> list[UUID]:
    if not seed:
        return [pk for _, _, pk in places]

    def drawn(place: tuple[int, int, UUID]) -> bytes:
        return hashlib.sha256(f"{seed}/{place[0]}/{place[1]}".encode()).digest()

    return [pk for _, _, pk in sorted(places, key=drawn)]


def _targets(project: Project, ids: Sequence[UUID], kind: str) -> list[Target]:
    name = "dialogues" if kind == Target.Kind.DIALOGUE else "turns"
    return [
        target
        for start in range(0, len(ids), _CHUNK)
        for target in targets_for(project=project, **{name: ids[start : start + _CHUNK]})
    ]


def _hash(targets: Iterable[Target]) -> str:
    joined = "\n".join(target.context_hash for target in targets)
    return hashlib.sha256(joined.encode()).hexdigest()


def _require_ours(project: Project, query: SetQuery) -> None:
    """Refuse a query that names a row of another project."""
    named: tuple[tuple[str, type[ProjectRow]], ...] = (
        (query.import_run, ImportRun),
        (query.generation_run, GenerationRun),
        (query.profile, Profile),
        (query.difficulty_run, DifficultyRun),
    )
    for pk, model in named:
        if pk and not model._default_manager.filter(project=project, pk=pk).exists():
            raise Refused("This run or profile is not in the project.", code="unknown_id")
