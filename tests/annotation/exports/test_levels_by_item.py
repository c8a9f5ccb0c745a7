"""The levels of people by item, as soft labels."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.exports import levels_by_item, registry
from annotation.ratings.services import NewScore, author_rater, rater_for_judge, submit_rating
from tests.conftest import Cast
from tests.support.adjudication import build_apart, settle
from tests.support.desk import Desk, build_desk
from tests.support.exports import judge_of, rows_for
from webapp.errors import Refused

GIVEN = {"Ana": [1, 4, "na"], "Ben": [3, 4, "na"], "Cem": [3, "na", "na"]}


@pytest.fixture
def rated(cast: Cast) -> Desk:
    at_desk = build_desk(cast, overlap=3)
    at_desk.rate_first(
        {
            user: [{"empathy": level} for level in levels]
            for user, levels in zip(cast.annotators, GIVEN.values(), strict=True)
        }
    )
    return at_desk


def rows_of(at_desk: Desk, uid: str = "empathy", lead: int = 0) -> dict[str, dict]:
    rows = rows_for(
        at_desk.cast, at_desk.cast.leads[lead], "levels_by_item", version=str(at_desk.version.pk)
    )
    return {row["target_id"]: dict(row) for _, row in rows if row["criterion_uid"] == uid}


def in_order(at_desk: Desk) -> list[str]:
    targets = at_desk.queue.items.order_by("position").values_list("target_id", flat=True)
    return [str(pk) for pk in targets]


def test_each_level_has_the_share_of_those_who_gave_one(rated: Desk) -> None:
    rows = rows_of(rated)
    first, second, third = (rows[pk] for pk in in_order(rated)[:3])
    assert [each["share"] for each in first["levels"]] == [1 / 3, 0, pytest.approx(2 / 3), 0, 0]
    assert [each["raters"] for each in first["levels"]] == [1, 0, 2, 0, 0]
    assert [each["level"] for each in first["levels"]][:2] == ["Dismisses", "Names it"]
    assert (first["raters"], first["not_applicable"], first["reference"]) == (3, 0, 3)
    assert first["mean"] == pytest.approx(7 / 3)
    # Whether it applies is what people differ on.
    assert (second["raters"], second["not_applicable"], second["reference"]) == (2, 1, None)
    assert (third["raters"], third["not_applicable"], third["mean"]) == (0, 3, None)
    assert {each["share"] for each in third["levels"]} == {None}


def test_rows_have_the_columns_of_the_table(rated: Desk) -> None:
    table = registry.find("levels_by_item")
    for row in rows_of(rated).values():
        assert list(row) == [column.name for column in table.columns]
        levels = next(column for column in table.columns if column.name == "levels")
        assert all(list(each) == [part.name for part in levels.parts] for each in row["levels"])


def test_only_people_count_and_a_settled_level_is_the_reference(cast: Cast) -> None:
    at_desk = build_apart(cast)
    settle(at_desk, cast.clinicians[0])
    first, _, _, _, fifth, *_ = at_desk.queue.items.select_related("target").order_by("position")
    for target, rater, purpose in (
        (first.target, rater_for_judge(judge=judge_of(at_desk)), "judge"),
        (fifth.target, author_rater(project=cast.project, label="Author A"), "import"),
    ):
        submit_rating(
            target=target,
            spec=at_desk.version.spec,  # type: ignore[arg-type]
            rater=rater,
            purpose=purpose,
            scores=[NewScore("empathy", 5)],
        )
    rows = rows_of(at_desk)
    assert str(fifth.target_id) not in rows and len(rows) == 4
    row = rows[str(first.target_id)]
    assert [each["raters"] for each in row["levels"]] == [1, 0, 0, 1, 0]
    assert row["reference"] == 2


def test_who_still_rates_an_item_has_no_row_of_it(rated: Desk) -> None:
    assert len(rows_of(rated)) == 3
    # Luis has a place in the queue, and has rated nothing.
    assert rows_of(rated, lead=1) == {}


def test_portions_are_whole_and_cost_one_query_each(
    rated: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for size in (1000, 2, 1):
        monkeypatch.setattr(levels_by_item, "CHUNK", size)
        with CaptureQueriesContext(connection) as queries:
            rows = rows_of(rated)
        found.append((rows, len(queries)))
    (whole, least), (half, more), (each, most) = found
    assert whole == half == each
    assert (more - least, most - least) == (1, 2)


def test_without_a_version_it_is_refused(rated: Desk) -> None:
    with pytest.raises(Refused, match="Choose a rubric version"):
        rows_for(rated.cast, rated.cast.leads[0], "levels_by_item")
