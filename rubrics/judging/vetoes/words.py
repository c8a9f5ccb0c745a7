"""Words of a text with their places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# What ends a sentence, or sets off words that do not belong together.
_BREAK = re.compile(r"[.!?…;:\n()\"“”]+")
_PHRASE_BREAK = re.compile(r"[.!?…;:\n()\"“”,—–]")


@dataclass(frozen=True, slots=True)
class Word:
    """`text` in lower case with straight apostrophes; `start` and `end` in the text it is from."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    return [
        Word(match[0].casefold().replace("’", "'"), match.start(), match.end())
        for match in _WORD.finditer(text)
    ]


def plain_words(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


def clauses_of(text: str) -> Iterator[list[str]]:
    """The words between two marks that end a sentence or set words off."""
    for part in _BREAK.split(text):
        if words := [word for word in plain_words(part) if not word[0].isdigit()]:
            yield words


def phrases_of(text: str) -> list[list[Word]]:
    """The words between two marks, commas and dashes included. Numbers in digits are left out."""
    phrases: list[list[Word]] = [[]]
    end = 0
    for word in words_of(text):
        if _PHRASE_BREAK.search(text, end, word.start):
            phrases.append([])
        if not word.text[0].isdigit():
            phrases[-1].append(word)
        end = word.end
    return [phrase for phrase in phrases if phrase]


def passage(text: str, words: Sequence[Word]) -> str:
    """The text from the first of these words to the last."""
    return text[words[0].start : words[-1].end] if words else ""
