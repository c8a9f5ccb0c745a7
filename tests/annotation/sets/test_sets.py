from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.corpus.set_query import SetQuery
from annotation.formats.records import plain_turn
from annotation.models import Collection, Dialogue, SnapshotMember
from annotation.models.corpus import Split
from annotation.sets import services as sets
from annotation.sets.queries import in_words, size_of
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.locks import until_waiting, waiting
from tests.support.waiting import SHORT_S, wait_until
from webapp.audit.models import Entry
from webapp.errors import Refused


def _collection(cast: Cast, **query: Any) -> Collection:
    return sets.collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery(**query)
    )


def _members(snapshot) -> list[tuple[int, int]]:  # type: ignore[no-untyped-def]
    rows = SnapshotMember.objects.filter(snapshot=snapshot).select_related("target__turn__dialogue")
    return [(row.target.turn.dialogue.number, row.target.turn.position) for row in rows]


def test_members_come_by_number_and_position(cast: Cast) -> None:
    added(cast.project, *(parsed(n, pairs=2) for n in range(3)))
    snapshot = sets.freeze(collection=_collection(cast), actor=cast.leads[0])

    assert _members(snapshot) == [(1, 1), (1, 3), (2, 1), (2, 3), (3, 1), (3, 3)]
    assert len(snapshot.hash) == 64
    entry = Entry.objects.get(action="snapshot.frozen")
    assert entry.details["members"] == 6


def test_a_seed_shuffles_the_same_way_each_time(cast: Cast) -> None:
    added(cast.project, *(parsed(n) for n in range(10)))
    collection = _collection(cast)

    def drawn(seed: int) -> list[tuple[int, int]]:
        return _members(sets.freeze(collection=collection, actor=cast.leads[0], seed=seed, limit=8))

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert len(drawn(7)) == 8
    assert drawn(0)[:2] == [(1, 1), (1, 3)]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_freeze_at_once_one_makes_targets_after_the_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In orders of their own they would wait for each other until the database refuses one."""
    added(cast.project, *(parsed(n) for n in range(4)))
    collection, together, make, inside = _collection(cast), Barrier(2), sets._targets, []

    def make_and_stay(*args: Any) -> Any:
        inside.append("begun")
        made = make(*args)
        if "ended" not in inside:
            wait_until(
                lambda: waiting() or inside.count("begun") == 2, "the other one to wait or to begin"
            )
        inside.append("ended")
        return made

    def freeze(seed: int) -> None:
        together.wait(SHORT_S)
        try:
            sets.freeze(collection=collection, actor=cast.leads[0], seed=seed)
        finally:
            connection.close()

    monkeypatch.setattr(sets, "_targets", make_and_stay)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(freeze, (1, 2)))
    assert inside == ["begun", "ended"] * 2


def test_a_snapshot_stays_as_it_was(cast: Cast) -> None:
    added(cast.project, parsed(1))
    collection = _collection(cast)
    before = sets.freeze(collection=collection, actor=cast.leads[0])
    same = sets.freeze(collection=collection, actor=cast.leads[0])
    added(cast.project, parsed(2))
    after = sets.freeze(collection=collection, actor=cast.leads[0])

    assert before.hash == same.hash != after.hash
    assert before.members.count() == 2
    assert after.members.count() == 4


def test_a_query_narrows(cast: Cast) -> None:
    rows = added(
        cast.project, *(parsed(n, emotion="lonely" if n % 2 else "proud") for n in range(12))
    )
    added(cast.project, parsed(99), source="esconv")
    added(cast.other_project, parsed(1))

    def size(**query: str) -> int:
        return size_of(member=cast.member(cast.leads[0]), query=SetQuery(kind="dialogue", **query))

    assert size() == 13
    assert size(source="esconv") == 1
    assert size(emotion="proud") == 6
    assert size(split="train") == sum(row.split == "train" for row in rows) + (
        size(source="esconv", split="train")
    )
    assert size_of(member=cast.member(cast.leads[0]), query=SetQuery(source="esconv")) == 2


def test_only_the_last_reply_of_each_dialogue(cast: Cast) -> None:
    """Where the seeker has the last word it is the reply before."""
    turns = (*parsed(4).turns, plain_turn("seeker", "Thank you."))
    added(cast.project, parsed(1), parsed(2, pairs=3), parsed(3, emotion="proud"))
    added(cast.project, parsed(4, turns=turns), source="esconv")
    last, lead = _collection(cast, last_only=True), cast.leads[0]
    snapshot = sets.freeze(collection=last, actor=lead)
    assert _members(snapshot) == [(1, 3), (2, 5), (3, 3), (4, 3)]
    split = sets.freeze_split(last, Split.TRAIN, actor=lead, seed=1, limit=9)
    train = Dialogue.objects.filter(split=Split.TRAIN).count()
    assert split.members.count() == train > 0
    assert split.collection.query["last_only"] is True
    # A rubric of whole dialogues finds the dialogues in it.
    whole = sets.freeze(collection=last, actor=lead, kind="dialogue")
    assert whole.members.count() == 4
    query = SetQuery(last_only=True, source="esconv")
    assert size_of(member=cast.member(lead), query=query) == 1


def test_a_set_of_last_replies_takes_as_many_queries_as_another_one(cast: Cast) -> None:
    def asked(**query: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            size_of(member=cast.member(cast.leads[0]), query=SetQuery(**query))
            sets._places(cast.project, SetQuery(**query))
        return len(captured)

    added(cast.project, *(parsed(n) for n in range(3)))
    few = asked(last_only=True)
    added(cast.project, *(parsed(n) for n in range(3, 12)))
    assert asked(last_only=True) == few == asked()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "All supporter turns"),
        ({"kind": "dialogue", "source": "esconv"}, "Whole dialogues from ESConv"),
        ({"last_only": True}, "Last supporter turns of all dialogues"),
        (
            {"last_only": True, "source": "other replies", "split": "test"},
            "Last supporter turns from Other replies, in the test split",
        ),
    ],
)
def test_a_query_is_said_in_words(query: dict[str, Any], words: str) -> None:
    asked = SetQuery(**query)
    assert in_words(asked, {}) == words
    assert SetQuery.from_json(asked.to_json()) == asked


def test_a_set_of_dialogues(cast: Cast) -> None:
    added(cast.project, parsed(1), parsed(2))
    snapshot = sets.freeze(collection=_collection(cast), actor=cast.leads[0], kind="dialogue")
    kinds = set(snapshot.members.values_list("target__kind", flat=True))
    assert kinds == {"dialogue"}
    assert snapshot.members.count() == 2


@pytest.mark.parametrize(
    "query",
    [
        {"emotion": "meh"},
        {"split": "gold"},
        {"kind": "text"},
        {"kind": "dialogue", "last_only": True},
        {"import_run": "x"},
        {"user__password": "a"},
    ],
)
def test_an_unknown_query_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused):
        SetQuery.from_json(query)


def test_a_run_of_another_project_is_refused(cast: Cast) -> None:
    with pytest.raises(Refused, match="run or profile is not in"):
        _collection(cast, import_run="0190b5a0-0000-7000-8000-000000000000")


def test_an_empty_set_has_no_snapshot(cast: Cast) -> None:
    with pytest.raises(Refused, match="empty"):
        sets.freeze(collection=_collection(cast), actor=cast.leads[0])


@pytest.mark.django_db(transaction=True)
def test_two_who_freeze_splits_at_once_do_not_wait_for_each_other(cast: Cast) -> None:
    """A start freezes several splits in one transaction. Some of their sets are there, others are
    made: one start would need a snapshot's number after a set's, the other one the reverse."""
    added(cast.project, *(parsed(n) for n in range(40)))
    frozen = partial(sets.freeze_split, actor=cast.leads[0], seed=1, limit=5)
    one, other = (
        sets.collection_create(
            project=cast.project, actor=cast.leads[0], name=name, query=SetQuery(kind=kind)
        )
        for name, kind in (("Turns", "turn"), ("Dialogues", "dialogue"))
    )
    frozen(one, Split.TRAIN)

    def freeze_other() -> None:
        try:
            frozen(other, Split.TRAIN)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            frozen(one, Split.TRAIN)
            waits = pool.submit(freeze_other)
            until_waiting()
            frozen(one, Split.TEST)
        waits.result(SHORT_S)
    names = Collection.objects.order_by("number").values_list("name", flat=True)
    assert list(names)[2:] == ["Turns, train split", "Turns, test split", "Dialogues, train split"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_freeze_a_split_at_once_one_makes_its_set(cast: Cast) -> None:
    added(cast.project, *(parsed(n) for n in range(20)))
    collection = _collection(cast)

    def freeze_too() -> None:
        try:
            sets.freeze_split(collection, Split.TRAIN, actor=cast.leads[0], seed=1, limit=5)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            sets.freeze_split(collection, Split.TRAIN, actor=cast.leads[0], seed=1, limit=5)
            waits = pool.submit(freeze_too)
            until_waiting()
        waits.result(SHORT_S)
    part = Collection.objects.get(query__has_key="split")
    assert part.snapshots.count() == 2
