import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.formats import esconv
from annotation.formats.json_files import json_entries
from annotation.formats.records import LIMITS, Broken, Limits, Record, UnreadableFile
from tests.support.source_files import SHAPES, licensed, read, read_file


class Trickle:
    """A file that gives few bytes a read, so that every token meets a chunk's edge."""

    def __init__(self, content: bytes, size: int) -> None:
        self.content, self.size = content, size

    def read(self, _size: int) -> bytes:
        part, self.content = self.content[: self.size], self.content[self.size :]
        return part


def entry(situation: str = "A long week.", **changed):
    return {
        "experience_type": "Current Experience",
        "emotion_type": "anxiety",
        "problem_type": "job crisis",
        "situation": situation,
        "survey_score": {
            "seeker": {"initial_emotion_intensity": "5", "empathy": "2"},
            "supporter": {"relevance": "5"},
        },
        "dialog": [
            {"speaker": "speaker", "annotation": {}, "content": "Hi.\n"},
            {"speaker": "speaker", "annotation": {"feedback": "3"}, "content": "I am worried."},
            {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "Why?"},
        ],
    } | changed


def entries(*values) -> bytes:
    return json.dumps(values, indent=1).encode()


def test_an_entry_keeps_its_turns_survey_and_notes():
    (record,) = read(esconv.read, entries(entry()))
    dialogue = record.dialogue
    assert record.line == 1
    assert record.key == dialogue.split_group
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("seeker", "Hi."),
        ("seeker", "I am worried."),
        ("supporter", "Why?"),
    ]
    assert dialogue.rater == "seeker"
    assert [(r.turn_index, r.criterion, r.value) for r in dialogue.ratings] == [
        (None, "initial_emotion_intensity", 5),
        (None, "empathy", 2),
        (None, "relevance", None),
        (None, "final_emotion_intensity", None),
    ]
    assert dialogue.meta == {
        "experience_type": "Current Experience",
        "problem_type": "job crisis",
        "strategies": [None, None, "Questions"],
        "feedback": [None, 3, None],
        "supporter_survey": {"relevance": 5},
    }


def test_what_a_model_thought_is_no_part_of_what_people_read():
    thinking = entry()
    thinking["dialog"][1]["content"] = "<think>Be anxious.</think>I am worried."
    thinking["dialog"][2]["content"] = "[THINK]Tedious.[/THINK]Why?"
    (record,) = read(esconv.read, entries(thinking))
    assert [turn.text for turn in record.dialogue.turns] == ["Hi.", "I am worried.", "Why?"]
    assert record.dialogue.turns[2].raw == "[THINK]Tedious.[/THINK]Why?"


def test_the_original_speaker_names_are_read_too():
    dialog = [{"speaker": "seeker", "content": "Hi."}, {"speaker": "supporter", "content": "Hi!"}]
    (record,) = read(esconv.read, entries(entry(dialog=dialog, survey_score=None)))
    assert [turn.role for turn in record.dialogue.turns] == ["seeker", "supporter"]
    assert {rating.value for rating in record.dialogue.ratings} == {None}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dialog": []}, '"dialog" is empty'),
        ({"dialog": [{"speaker": "bot", "content": "x"}]}, "Turn 1 has an unknown speaker"),
        ({"dialog": [{"speaker": "speaker", "content": ""}]}, "The content of turn 1 is empty"),
        ({"survey_score": {"seeker": {"empathy": "6"}}}, "Empathy of the seeker should be"),
        ({"survey_score": {"seeker": {"empathy": 0}}}, "Empathy of the seeker should be 1 to 5"),
        ({"survey_score": {"seeker": {"empathy": 2.5}}}, "Empathy of the seeker should be"),
        ({"emotion_type": "x" * 81}, '"emotion_type" has 81 characters'),
    ],
)
def test_a_wrong_field_is_named(change, reason):
    before, broken, after = read(
        esconv.read, entries(entry("before"), entry(**change), entry("after"))
    )
    assert broken.line == 2
    assert broken.reason.startswith(reason)
    assert isinstance(before, Record)
    assert isinstance(after, Record)


def test_a_mistake_inside_an_entry_stays_inside_it():
    good = json.dumps(entry(), indent=1)
    for bad in (
        good.replace('"speaker",', '"speaker"', 1),  # a comma is missing
        good.replace('A long week."', "A long week.", 1),  # a quote is never closed
        good.replace("}", "]", 1),  # the wrong bracket
        good.replace("Hi.", "\\ud800", 1),
    ):
        assert bad != good
        found = read(esconv.read, f"[{good},\n{bad},\n{good}]".encode())
        assert [type(item) for item in found] == [Record, Broken, Record]
        assert found[1].reason.startswith("Entry ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[{GOOD}, {"a": [1}', "The file ends inside this entry"),
        ('[{GOOD}, {"a": "x', "The file ends inside this entry"),
        ("[{GOOD}", "The array has no closing bracket"),
        ("[{GOOD},]", "Entry is empty"),
        ("[{GOOD}, ,{GOOD}]", "Entry is empty"),
        ("[{GOOD}]]", "There is text after the end of the array"),
        ("[{GOOD}] {GOOD}", "There is text after the end of the array"),
        ("[{GOOD} {GOOD}]", "Entry is not JSON: more text after the end"),
        ("[{GOOD}, \x00]", "Entry has a NUL byte"),
    ],
)
def test_a_mistake_between_entries_is_reported(content, reason):
    content = content.replace("{GOOD}", json.dumps(entry()))
    faults = [f for f in read(esconv.read, content.encode()) if isinstance(f, Broken)]
    assert [fault.reason[: len(reason)] for fault in faults] == [reason]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"[]", "without entries"),
        (b" [ \n ] ", "without entries"),
        (b"{}", "not a JSON array"),
        (b"hello", "not a JSON array"),
        (gzip.compress(b"[]", mtime=0), "gzip"),
        (b"PK\x03\x04", "zip"),
        ("[]".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_is_no_array_is_refused_as_a_whole(content, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read(esconv.read, content)


def test_an_entry_over_the_limit_is_skipped_and_not_kept():
    content = entries(entry("before"), entry("x" * 500_000), entry("after"))
    found = read(esconv.read, content, Limits(record_bytes=2_000))
    assert [type(item) for item in found] == [Record, Broken, Record]
    assert found[1].reason == "Entry is too long: at most 2,000 bytes are read"


def test_depth_is_limited():
    (broken,) = read(esconv.read, b"[" * 100_000 + b"]" * 100_000)
    assert broken.reason == "Entry is nested too deeply: at most 32 levels are read"


texts = st.text(alphabet='a"\\{}[],:\n é😀', max_size=12)
values = st.recursive(
    st.none() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(
    st.lists(values, min_size=1, max_size=4), st.integers(1, 7), st.booleans(), st.integers(0, 2)
)
def test_entries_are_those_of_the_whole_array(array, size, ascii_only, indent):
    content = json.dumps(array, ensure_ascii=ascii_only, indent=indent).encode()
    found = [value for _, _, value in json_entries(Trickle(content, size), LIMITS)]
    assert found == array


@given(st.binary(max_size=200), st.integers(1, 9))
def test_no_bytes_crash_the_reader(noise, size):
    # An array without entries is told as a whole.
    with suppress(UnreadableFile):
        for _, raw, _ in json_entries(Trickle(b"[" + noise, size), LIMITS):
            assert len(raw) <= len(noise) + 1


def test_the_synthetic_file():
    records, broken = read_file(esconv.read, SHAPES / "esconv-shape.json")
    assert [(row.line, row.reason[:29]) for row in broken] == [(4, "Turn 2 has an unknown speaker")]
    assert len({record.key for record in records}) == 6
    values = [rating.value for record in records for rating in record.dialogue.ratings]
    assert len(values) == 24
    assert values.count(None) == 9


def test_the_real_file_is_read_whole():
    records, broken = read_file(esconv.read, licensed("failed_esconv.json"))
    assert broken == []
    assert len({record.key for record in records}) == len(records) == 126
    values = [rating.value for record in records for rating in record.dialogue.ratings]
    assert values.count(None) == 36 * 3
