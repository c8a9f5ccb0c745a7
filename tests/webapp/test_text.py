"""Text as a database keeps it, and numbers as people and addresses give them."""

import pytest

from webapp.text import storable_json, whole_number


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
