import pytest

from annotation.formats import epitome
from annotation.formats.records import ParsedRating
from tests.annotation.formats.test_lines import ROW
from tests.support.source_files import SHAPES, as_lines, licensed, read, read_file


def test_a_line_is_two_turns_and_three_ratings():
    (record,) = read(epitome.read, as_lines(ROW))
    assert record.key == record.dialogue.source_key == "s1/r1"
    assert record.dialogue.split_group == "s1"
    assert record.dialogue.rater == "epitome annotator"
    assert [(turn.role, turn.text) for turn in record.dialogue.turns] == [
        ("seeker", "I feel alone."),
        ("supporter", "I am sorry to hear that."),
    ]
    assert record.dialogue.ratings == (
        ParsedRating(1, "emotional_reactions", 2, ("I am sorry",)),
        ParsedRating(1, "interpretations", 0),
        ParsedRating(1, "explorations", 0),
    )


def levels(**changed):
    return {"levels": ROW["levels"] | changed}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (levels(explorations=3), "The level of explorations should be 0 to 2, but is 3"),
        (levels(explorations=-1), "The level of explorations should be 0 to 2, but is -1"),
        (
            levels(explorations=True),
            "The level of explorations should be a whole number, but is true or false",
        ),
        (levels(explorations=1.5), "The level of explorations should be a whole number, but is"),
        (levels(explorations="1"), "The level of explorations should be a whole number, but is"),
        (levels(explorations=None), "The level of explorations should be a whole number, but is"),
        ({"levels": {}}, '"levels" has no entry for emotional_reactions'),
        ({"levels": [0, 1, 2]}, '"levels" should be an object, but is a list'),
        ({"rationales": {}}, '"rationales" has no entry for emotional_reactions'),
        ({"seeker_post": " \t"}, '"seeker_post" is empty'),
        ({"response_post": 7}, '"response_post" should be text, but is a number'),
        ({"seeker_id": "a/b"}, '"seeker_id" should be 1 to 64 letters'),
        ({"response_id": "r" * 65}, '"response_id" should be 1 to 64 letters'),
    ],
)
def test_a_wrong_field_is_named(change, reason):
    (broken,) = read(epitome.read, as_lines(ROW | change))
    assert broken.reason.startswith(reason)


def test_equal_numbers_are_the_same_level():
    (record,) = read(epitome.read, as_lines(ROW | levels(explorations=1.0)))
    assert [rating.value for rating in record.dialogue.ratings][-1] == 1


def test_a_missing_column_is_named():
    row = {name: value for name, value in ROW.items() if name != "rationales"}
    (broken,) = read(epitome.read, as_lines(row))
    assert broken.reason == '"rationales" is missing'


def test_the_synthetic_file_gives_sixty_dialogues_and_four_reasons():
    records, broken = read_file(epitome.read, SHAPES / "epitome-shape.jsonl")
    assert len({record.key for record in records}) == 60
    assert len({record.dialogue.split_group for record in records}) == 20
    assert [item.line for item in broken] == [10, 24, 38, 52]
    assert len({item.reason for item in broken}) == 4
    assert unlocated(records) == 1
    seen = {(rating.criterion, rating.value) for r in records for rating in r.dialogue.ratings}
    assert seen == {(name, level) for name in epitome.CRITERIA for level in (0, 1, 2)}


def test_the_real_file_is_read_whole():
    records, broken = read_file(epitome.read, licensed("epitome.jsonl"))
    assert broken == []
    assert len({record.key for record in records}) == len(records) == 2_099
    assert unlocated(records) == 19


def unlocated(records) -> int:
    """Rationales that are not found in their response, letter by letter."""
    return sum(
        quote not in record.dialogue.turns[rating.turn_index].text
        for record in records
        for rating in record.dialogue.ratings
        for quote in rating.rationales
    )
