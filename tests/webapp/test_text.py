"""Text as a database keeps it, and numbers as people and addresses give them."""

import pytest

from webapp.text import listed, read_json, spreadsheet_text, storable_json, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("999999999", 999_999_999),
        ("1234567890", None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("²", None),
        ("٣", None),
        ("one", None),
    ],
)
def test_a_whole_number_is_read_or_none(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_every_text_in_parsed_json_becomes_storable() -> None:
    found = storable_json({"a\0": ["b\ud800", {"c": "d\udfff"}, 1, None, True]})
    assert found == {"a\ufffd": ["b\ufffd", {"c": "d\ufffd"}, 1, None, True]}


@pytest.mark.parametrize(
    "sign", [*"=+-@", *"\uff1d\uff0b\uff0d\uff20", *"\ufe66\ufe62\ufe63\ufe6b"]
)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000", " \t", "\ufeff", "\u200b"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(before: str, sign: str) -> None:
    text = f"{before}{sign}1+cmd"
    assert spreadsheet_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\tword", "\rword", "\nword"])
def test_a_cell_that_begins_with_a_break_gets_an_apostrophe(text: str) -> None:
    assert spreadsheet_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "one = two", " a-b", "'=1", "\u2013 a dash", "５"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert spreadsheet_text(text) == text


def test_half_an_emoji_in_json_becomes_the_replacement_character() -> None:
    assert read_json(rb'{"a": "b\ud800"}') == {"a": "b\ufffd"}
    assert read_json(rb'{"a\udfff": ["\u0000", {"b": 1}]}') == {"a\ufffd": ["\ufffd", {"b": 1}]}


def test_a_whole_emoji_in_json_stays() -> None:
    assert read_json(rb'["\ud83d\ude42"]') == ["\U0001f642"]


@pytest.mark.parametrize(
    ("names", "most", "words"),
    [
        ([], None, ""),
        (["a"], None, "a"),
        (["a", "b"], None, "a and b"),
        (["a", "b", "c"], 3, "a, b and c"),
        (["a", "b", "c", "d"], None, "a, b, c and d"),
        (["a", "b", "c", "d"], 3, "a, b and 2 more"),
    ],
)
def test_names_are_listed_as_a_sentence_lists_them(names, most, words: str) -> None:
    assert listed(names, most) == words
