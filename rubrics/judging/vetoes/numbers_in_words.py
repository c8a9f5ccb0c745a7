"""The whole numbers of a text, in digits and in English words up to ninety-nine."""

import re

_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = [
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = (
    {word: value for value, word in enumerate(_UNITS, start=1)}
    | {word: value for value, word in enumerate(_TEENS, start=10)}
    | {word: 10 * value for value, word in enumerate(_TENS, start=2)}
)
# From twenty on: the smaller numbers count other things more often than years.
TENS_IN_WORDS = rf"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?"
_NUMBER = re.compile(
    rf"\b(\d{{1,4}})(?!\d)|\b({'|'.join(_TENS)})[- ]({'|'.join(_UNITS)})\b"
    rf"|\b({'|'.join(_VALUES)})\b",
    re.IGNORECASE,
)


def numbers_in(text: str) -> set[int]:
    return {_value(match) for match in _NUMBER.finditer(text)}


def _value(match: "re.Match[str]") -> int:
    digits, ten, unit, word = match.groups()
    if digits:
        return int(digits)
    if ten:
        return _VALUES[ten.casefold()] + _VALUES[unit.casefold()]
    return _VALUES[word.casefold()]
