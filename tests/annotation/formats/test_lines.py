"""What any JSON Lines file may do to a reader, tried on EPITOME's."""

import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.formats import epitome, strict_json
from annotation.formats.records import (
    LIMITS,
    Broken,
    Limits,
    Record,
    RecordRefused,
    UnreadableFile,
)
from tests.support.source_files import as_lines, read

ROW = {
    "seeker_id": "s1",
    "response_id": "r1",
    "seeker_post": "I feel alone.",
    "response_post": "I am sorry to hear that.",
    "levels": {"emotional_reactions": 2, "interpretations": 0, "explorations": 0},
    "rationales": {
        "emotional_reactions": ["I am sorry"],
        "interpretations": [],
        "explorations": [],
    },
}
GOOD = as_lines(ROW)


def reason_of(line: bytes, limits: Limits = LIMITS) -> str:
    """The reason for refusing `line`, which stands between two good lines that must be read."""
    before, broken, after = read(epitome.read, GOOD + line + b"\n" + GOOD, limits)
    assert isinstance(before, Record)
    assert isinstance(after, Record)
    assert after.line == 3
    assert isinstance(broken, Broken)
    assert broken.line == 2
    assert len(broken.excerpt) <= 121
    assert broken.excerpt.isprintable()
    return broken.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1 "b": 2}', "Line is not JSON: expected ',' at column 9"),
        (b'{"a" 1}', "Line is not JSON: expected ':' at column 6"),
        (b'{"a": ', "Line is not JSON: expected a value at column 7"),
        (b"hello", "Line is not JSON: expected a value at column 1"),
        (b'{"a": "b', "Line is not JSON: a text without a closing quote at column 7"),
        (b"{} {}", "Line is not JSON: more text after the end at column 4"),
        (b'{"a": NaN}', "Line has NaN, which is not a JSON number"),
        (b'{"a": -Infinity}', "Line has -Infinity, which is not a JSON number"),
        (b'{"a": 1e999}', "Line has a number that is too large: 1e999"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Line has a number of too many digits"),
        (b'{"a": 1, "a": 2}', 'Line has the key "a" twice in one object'),
        (b'{"a": "\xff"}', "Line is not UTF-8: byte 0xff at byte 8 can't be read"),
        (b'{"a": "\xed\xa0\x80"}', "Line is not UTF-8: byte 0xed at byte 8 can't be read"),
        (b'{"a": "\x00"}', "Line has a NUL byte at column 8"),
        (
            b'{"a": "\\u0000"}',
            "Line has the character \\u0000, which can't be stored as text",
        ),
        (
            b'{"a": "\\ud800"}',
            "Line has half a surrogate pair, \\ud800, which can't be stored as text",
        ),
        (
            b'{"\\udc00": 1}',
            "Line has half a surrogate pair, \\udc00, which can't be stored as text",
        ),
        (b"[" * 33 + b"]" * 33, "Line is nested too deeply: at most 32 levels are read"),
        (b"[" * 500_000, "Line is nested too deeply: at most 32 levels are read"),
        (b'{"a":' * 200_000, "Line is nested too deeply: at most 32 levels are read"),
        (b"[1, 2]", "The line should be an object, but is a list"),
        (b"null", "The line should be an object, but is missing"),
    ],
)
def test_a_broken_line_is_reported_and_stops_nothing(line, reason):
    assert reason_of(line) == reason


@pytest.mark.parametrize("names", [100, 200])
def test_a_repeated_key_is_found_by_looking_once_at_each(names):
    """A line of 2 MB has room for 200,000 names."""
    compared = 0

    class Name(str):
        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    pairs = [(Name(f"a{number}"), 1) for number in range(names)]
    with pytest.raises(RecordRefused, match='has the key "last" twice'):
        strict_json._object([*pairs, (Name("last"), 1), (Name("last"), 2)])
    assert compared < 2 * names


def test_a_line_over_the_limit_is_skipped_whole():
    long = json.dumps({**ROW, "seeker_post": "x" * 300_000}).encode()
    limits = Limits(record_bytes=1_000)
    assert reason_of(long, limits) == "Line is too long: at most 1,000 bytes are read"


def test_a_turn_longer_than_anybody_reads_is_refused():
    line = json.dumps({**ROW, "seeker_post": "x" * 1_001}).encode()
    reason = "Turn 1 has 1,001 characters; at most 1,000 are read"
    assert reason_of(line, Limits(text_chars=1_000)) == reason
    assert isinstance(read(epitome.read, line, Limits(text_chars=1_001))[0], Record)


def test_a_last_line_of_exactly_the_limit_is_read():
    line = GOOD.rstrip()
    assert isinstance(read(epitome.read, line, Limits(record_bytes=len(line)))[0], Record)
    assert isinstance(read(epitome.read, line, Limits(record_bytes=len(line) - 1))[0], Broken)


def test_byte_order_mark_windows_line_ends_and_blank_lines_are_fine():
    content = b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b"\r\n\n" + GOOD
    assert [item.line for item in read(epitome.read, content)] == [1, 4]


def test_a_surrogate_pair_is_one_character():
    content = as_lines({**ROW, "seeker_post": "tired 😔"})
    assert b"\\ud83d\\ude14" in content
    assert read(epitome.read, content)[0].dialogue.turns[0].text == "tired 😔"


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("epitome.jsonl", GOOD)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b" \n\r\n\t\n", "The file is empty."),
        (gzip.compress(GOOD, mtime=0), "compressed"),
        (zipped(), "zip archive"),
        (GOOD.decode().encode("utf-16"), "UTF-16"),
        (b"[" + GOOD.strip() + b",\n" + GOOD.strip() + b"]", "JSON array.*each record on a line"),
        (b"\n [\n  {\n", "JSON array"),
    ],
)
def test_a_file_that_is_no_lines_of_text_is_refused_as_a_whole(content, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read(epitome.read, content)


def test_one_line_is_in_memory_at_a_time():
    class Endless(io.RawIOBase):
        served = 0

        def readline(self, size=-1):
            self.served += 1
            return GOOD

    file = Endless()
    reader = epitome.read(file)
    next(reader)
    next(reader)
    assert file.served <= 3


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader_or_lose_the_good_line(noise):
    content = GOOD + noise.replace(b"\n", b" ") + b"\n" + GOOD
    found = read(epitome.read, content)
    assert isinstance(found[0], Record)
    assert isinstance(found[-1], Record)


@pytest.mark.slow
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_value_in_any_field_is_read_or_refused(value):
    for name in ROW:
        (found,) = read(epitome.read, as_lines({**ROW, name: value}))
        assert isinstance(found, Record | Broken)
