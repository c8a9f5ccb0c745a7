"""What each table holds, and what a person may not see in it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotation.corpus.set_query import SetQuery
from annotation.exports import reading, registry
from annotation.exports.columns import Column
from annotation.exports.services import select
from annotation.models import Assignment, Dialogue, Rating, Snapshot
from annotation.queues import services as queues
from annotation.ratings.services import NewScore, rater_for_judge, submit_rating
from annotation.ratings.targets import text_target
from annotation.sets.services import collection_create, freeze
from tests.conftest import Cast
from tests.support.desk import GOLD, Desk
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.exports import judge_of, rows_for
from tests.support.judge_runs import judge_of_sources
from webapp.errors import Refused
from webapp.ids import new_id


def longer_ago() -> None:
    """The minute in which a submit can be taken back is over."""
    Assignment.objects.filter(submitted_at__isnull=False).update(
        submitted_at=timezone.now() - timedelta(hours=1)
    )


def judged(at_desk: Desk, target: Any) -> Rating:
    assert at_desk.version.spec is not None
    return submit_rating(
        target=target,
        spec=at_desk.version.spec,
        rater=rater_for_judge(judge=judge_of(at_desk)),
        purpose="judge",
        scores=[NewScore("empathy", 1, rationale="Cold.")],
    ).rating


def names(columns: Any) -> list[str]:
    return [column.name for column in columns]


def fits(value: Any, column: Column) -> bool:
    if column.type == "list":
        return isinstance(value, list) and all(
            names(column.parts) == list(each)
            and all(fits(each[part.name], part) for part in column.parts)
            for each in value
        )
    types: dict[str, Any] = {"text": str, "integer": int, "number": (int, float)}
    return value is None or isinstance(value, types.get(column.type, object))


# Dialogues


def test_a_dialogue_comes_with_its_turns(cast: Cast) -> None:
    added(cast.project, parsed(1), parsed(2))
    [(split, row), _] = rows_for(cast, cast.clinicians[0], "dialogues")
    table = registry.find("dialogues")
    assert names(table.columns) == list(row)
    assert all(fits(row[column.name], column) for column in table.columns)
    assert (row["dialogue"], row["emotion_label"], row["split"]) == (1, "lonely", split)
    assert [turn["role"] for turn in row["turns"]] == ["seeker", "supporter"] * 2
    assert row["turns"][1]["understanding"] == "She is alone at night."


def test_the_filters_of_the_page_hold(cast: Cast) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"))
    added(cast.project, parsed(3), source="esconv")
    for filters, numbers in (
        ({"emotion": "proud"}, [2]),
        ({"source": "esconv"}, [3]),
        ({"source": "esconv", "emotion": "proud"}, []),
        ({}, [1, 2, 3]),
    ):
        rows = rows_for(cast, cast.leads[0], "dialogues", **filters)
        assert [row["dialogue"] for _, row in rows] == numbers


def test_a_set_and_a_snapshot_are_filters(at_desk: Desk) -> None:
    cast, lead = at_desk.cast, at_desk.cast.leads[0]
    chosen = {"set": str(at_desk.collection.pk)}
    assert len(rows_for(cast, lead, "dialogues", **chosen)) == 3
    frozen = {"snapshot": str(Snapshot.objects.get().pk)}
    added(cast.project, parsed(9))
    assert len(rows_for(cast, lead, "dialogues", **frozen)) == 3
    with pytest.raises(Refused, match="not by both"):
        rows_for(cast, lead, "dialogues", **frozen, source="esconv")


@pytest.mark.parametrize("table", ["dialogues", "sft"])
def test_a_dialogue_that_is_not_finished_is_not_exported(cast: Cast, table: str) -> None:
    """As a generation leaves one that it is still writing, or that its critic dropped."""
    [row] = added(cast.project, parsed(1))
    asked = {"dialogue": str(row.pk)}
    assert rows_for(cast, cast.leads[0], table, **asked)
    half = Dialogue.objects.create(
        project=cast.project, number=99, source="generation", source_key="half", split="train",
        split_key="x",
    )  # fmt: skip
    for turn in row.turns.order_by("position"):
        turn.pk, turn.dialogue = new_id(), half
        turn.save(force_insert=True)
    assert rows_for(cast, cast.leads[0], table, dialogue=str(half.pk)) == []


@pytest.mark.parametrize(
    "filters", [{"set": str(uuid4())}, {"dialogue": str(uuid4())}, {"snapshot": str(uuid4())}]
)
def test_what_is_not_in_the_project_is_not_there(cast: Cast, filters: dict[str, str]) -> None:
    with pytest.raises(Http404):
        rows_for(cast, cast.leads[0], "dialogues", **filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"dialogue": "1"},
        {"emotion": "sleepy"},
        {"colour": "red"},
        {"source": "\0"},
        {"source": "x" * 201},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(cast: Cast, filters: dict[str, str]) -> None:
    with pytest.raises(Refused):
        rows_for(cast, cast.leads[0], "dialogues", **filters)


def test_who_still_rates_a_dialogue_does_not_read_its_emotion(at_desk: Desk) -> None:
    """The second lead has a place in the queue."""
    cast = at_desk.cast
    [seen, *_] = rows_for(cast, cast.leads[0], "dialogues")
    assert seen[1]["emotion"] == GOLD
    rows = rows_for(cast, cast.leads[1], "dialogues")
    assert len(rows) == 3
    assert (
        {row["emotion"] for _, row in rows} == {row["emotion_label"] for _, row in rows} == {None}
    )
    queues.queue_close(queue=at_desk.queue, actor=cast.leads[0])
    [row, *_] = rows_for(cast, cast.leads[1], "dialogues")
    assert row[1]["emotion"] == GOLD


def test_a_filter_by_emotion_does_not_tell_what_the_column_hides(at_desk: Desk) -> None:
    """The second lead has a place in the queue."""
    cast, lead = at_desk.cast, at_desk.cast.leads[0]
    guilty = collection_create(
        project=cast.project, actor=lead, name="Guilty", query=SetQuery(emotion=GOLD)
    )
    snapshot = freeze(collection=guilty, actor=lead)
    added(cast.project, parsed(9, emotion=GOLD))
    for asked, mine in (
        ({"emotion": GOLD}, 1),
        ({"set": str(guilty.pk)}, 1),
        ({"snapshot": str(snapshot.pk)}, 0),
        ({"set": str(at_desk.collection.pk)}, 4),
    ):
        for table in ("dialogues", "sft"):
            found = select(registry.find(table), cast.member(cast.leads[1]), asked)
            assert (found.count(), asked) == (mine, asked)
            others = select(registry.find(table), cast.member(lead), asked)
            assert others.count() == (3 if "snapshot" in asked else 4)


# Ratings


def test_a_rating_has_a_row_for_each_score_with_its_pins(at_desk: Desk) -> None:
    cast, ben = at_desk.cast, at_desk.cast.annotators[1]
    at_desk.rate(ben)
    rows = [row for _, row in rows_for(cast, cast.leads[0], "ratings")]
    table = registry.find("ratings")
    assert all(names(table.columns) == list(row) for row in rows)
    assert all(fits(row[column.name], column) for row in rows for column in table.columns)
    assert {row["criterion_uid"]: row["value"] for row in rows} == {
        "empathy": 4, "asks": 0, "safe": None
    }  # fmt: skip
    first = rows[0]
    assert at_desk.version.spec is not None
    assert first["spec_hash"] == at_desk.version.spec.hash
    assert (first["criterion"], first["level"]) == ("Empathy", "Deepens")
    assert (first["rubric"], first["version"]) == ("Care", 1)
    assert (first["queue"], first["queue_name"]) == (1, "First look")
    assert (first["seconds"], first["purpose"], first["pass"]) == (12, "desk", 1)
    assert {row["rating_id"] for row in rows} == {str(Rating.objects.get().pk)}


def test_a_judge_s_ratings_say_which_texts_it_knows_from_its_fit(at_desk: Desk) -> None:
    cast = at_desk.cast
    at_desk.rate(cast.annotators[0])
    items = at_desk.queue.items.select_related("target__turn").order_by("position")
    source, *others = [item.target for item in items]
    fresh = next(one for one in others if one.turn.dialogue_id != source.turn.dialogue_id)
    learned = judge_of_sources(cast, at_desk.version, [source])
    for target in (source, fresh):
        submit_rating(
            target=target,
            spec=at_desk.version.spec,  # type: ignore[arg-type]
            rater=rater_for_judge(judge=learned),
            purpose="judge",
            scores=[NewScore("empathy", 1)],
        )
    judged(at_desk, source)
    rows = [row for _, row in rows_for(cast, cast.leads[0], "ratings")]
    found = {(row["rater"], row["target_id"]): row["known"] for row in rows}
    assert {known for (rater, _), known in found.items() if rater.startswith("Rater")} == {None}
    of_judges = {key: known for key, known in found.items() if known is not None}
    assert of_judges == {
        ("Learned v1", str(source.pk)): 1,
        ("Learned v1", str(fresh.pk)): 0,
        ("Strict v2", str(source.pk)): 0,
    }
    table = registry.find("ratings")
    assert all(names(table.columns) == list(row) for row in rows)
    assert all(fits(row[column.name], column) for row in rows for column in table.columns)


def test_no_file_has_the_name_or_the_address_of_a_person(at_desk: Desk) -> None:
    """Leads read names on pages. A file travels."""
    cast = at_desk.cast
    for person in cast.annotators[:2]:
        at_desk.rate(person)
    rows = [row for _, row in rows_for(cast, cast.leads[0], "ratings")]
    assert {row["rater"] for row in rows} == {"Rater A", "Rater B"}
    said = str(rows)
    for person in cast.annotators:
        assert person.email not in said and person.name not in said


def test_a_withdrawn_rating_is_left_out(at_desk: Desk) -> None:
    at_desk.rate(at_desk.cast.annotators[0])
    Rating.objects.update(withdrawn_at=timezone.now())
    assert rows_for(at_desk.cast, at_desk.cast.leads[0], "ratings") == []


def test_ratings_by_kind_queue_version_and_set(at_desk: Desk) -> None:
    cast, lead = at_desk.cast, at_desk.cast.leads[0]
    held = at_desk.rate(cast.annotators[0])
    judged(at_desk, held.item.target)
    every = rows_for(cast, lead, "ratings")
    assert [row["rater"] for _, row in every].count("Strict v2") == 1
    assert len(every) == 4
    for filters, count in (
        ({"raters": "person"}, 3),
        ({"raters": "judge"}, 1),
        ({"raters": "external"}, 0),
        ({"queue": str(at_desk.queue.pk)}, 3),
        ({"version": str(at_desk.version.pk)}, 4),
        ({"set": str(at_desk.collection.pk), "raters": "judge"}, 1),
        ({"source": "esconv"}, 0),
    ):
        assert len(rows_for(cast, lead, "ratings", **filters)) == count, filters
    with pytest.raises(Refused, match="from the list"):
        rows_for(cast, lead, "ratings", raters="ghosts")


def test_an_annotator_exports_the_own_ratings_only(at_desk: Desk) -> None:
    cast = at_desk.cast
    ana, ben, _ = cast.annotators
    at_desk.rate(ana, empathy=1)
    at_desk.rate(ben, empathy=5)
    longer_ago()
    rows = rows_for(cast, ana, "ratings")
    assert {row["value"] for _, row in rows if row["criterion_uid"] == "empathy"} == {1}
    with pytest.raises(Refused, match="own ratings only"):
        rows_for(cast, ana, "ratings", queue=str(at_desk.queue.pk))


def test_who_still_rates_an_item_gets_no_rating_of_it(at_desk: Desk) -> None:
    """The second lead has a place in the queue and has rated the first item only."""
    cast = at_desk.cast
    blind = cast.leads[1]
    at_desk.rate(blind, empathy=2)
    longer_ago()
    for _ in range(2):
        held = at_desk.rate(cast.annotators[0], empathy=5)
    judged(at_desk, held.item.target)
    rows = [row for _, row in rows_for(cast, blind, "ratings") if row["criterion"] == "Empathy"]
    assert len(rows_for(cast, cast.leads[0], "ratings")) == 10
    own = Assignment.objects.get(rater__user=blind)
    assert {row["target_id"] for row in rows} == {str(own.item.target_id)}
    assert sorted(row["value"] for row in rows) == [2, 5]


def test_a_pasted_copy_of_an_item_is_hidden_too(at_desk: Desk) -> None:
    cast = at_desk.cast
    turn = supporter_turns(at_desk.dialogues[0])[0]
    copy = text_target(project=cast.project, profile="", situation="", history=[], raw=turn.raw)
    judged(at_desk, copy)
    assert len(rows_for(cast, cast.leads[0], "ratings")) == 1
    assert rows_for(cast, cast.leads[1], "ratings") == []


def test_a_text_is_in_no_split(at_desk: Desk) -> None:
    """Nobody knows which person it belongs to, so it must not get among training data."""
    copy = text_target(
        project=at_desk.cast.project, profile="", situation="", history=[], raw="Hello."
    )
    judged(at_desk, copy)
    [(split, row)] = rows_for(at_desk.cast, at_desk.cast.leads[0], "ratings")
    assert (split, row["split"], row["dialogue"]) == ("unassigned", None, None)


# Agreement


@pytest.mark.parametrize(("table", "queries"), [("dialogues", 3), ("sft", 2), ("ratings", 7)])
def test_a_portion_costs_the_same_number_of_queries_whatever_its_size(
    at_desk: Desk,
    table: str,
    queries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast = at_desk.cast
    for person in cast.annotators[:2]:
        for _ in range(3):
            at_desk.rate(person)
    longer_ago()
    selection = select(registry.find(table), cast.member(cast.leads[0]), {})
    for size in (1, 3):
        monkeypatch.setattr(reading, "CHUNK", size)
        chunks = selection.chunks()
        next(chunks)
        chunks.close()
        with django_assert_num_queries(queries):
            chunks = selection.chunks()
            next(chunks)


def test_every_table_is_documented_whole() -> None:
    for table in registry.tables():
        assert len(set(names(table.columns))) == len(table.columns)
        for column in table.columns:
            for each in (column, *column.parts):
                assert each.meaning and not each.meaning.endswith("."), (table.name, each.name)
