"""Two texts compared word by word."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Literal

Kind = Literal["same", "gone", "new"]

# A word or a sign with the white space before it, so that the pieces put together are the text.
_WORD = re.compile(r"\s*(?:\w+(?:['’]\w+)*|[^\w\s])|\s+")
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?\n]+|$)")
# Pairs of words that are compared at most; beyond, sentences are compared before words, so that
# no text, however long or repetitive, makes a page slow.
_MOST_PAIRS = 40_000
# How many places of words are looked at in all: the time grows with the length of a text only,
# however repetitive it is.
_STEPS, _STEPS_A_WORD = 40_000, 8


class _TooLong(Exception):
    """The texts differ in more places than are looked at."""


class Budget:
    """How many steps are left for a comparison of two texts."""

    def __init__(self, length: int) -> None:
        self.left = _STEPS + _STEPS_A_WORD * length

    def spend(self, steps: int) -> None:
        if steps > self.left:
            raise _TooLong
        self.left -= steps


class _Matcher(SequenceMatcher[str]):
    """Counts the steps of each search for the longest match before it is made: every word of one
    text is held against all its places in the other."""

    def __init__(self, a: Sequence[str], b: Sequence[str], budget: Budget) -> None:
        super().__init__(None, a, b, autojunk=False)
        self._budget = budget
        places = Counter(b)
        self._steps_before = [0, *accumulate(1 + places[word] for word in a)]

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        end = self._steps_before[-1] if ahi is None else self._steps_before[ahi]
        self._budget.spend(end - self._steps_before[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)


@dataclass(frozen=True)
class Piece:
    kind: Kind
    text: str


def words(old: str, new: str) -> tuple[Piece, ...]:
    """The two texts as pieces: those that are the same or gone make up `old`, those that are the
    same or new make up `new`."""
    if old == new:
        return (Piece("same", old),) if old else ()
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    budget = Budget(len(old_words) + len(new_words))
    by_word = _matched(old_words, new_words, budget)
    if by_word is not None:
        return merged(by_word)
    by_sentence = _matched(_sentences(old), _sentences(new), budget)
    if by_sentence is not None:
        return merged(_refined(by_sentence, budget))
    return merged([Piece("gone", old), Piece("new", new)])


def _matched(a: Sequence[str], b: Sequence[str], budget: Budget) -> list[Piece] | None:
    """The parts as pieces; None where more of them differ than the budget allows to compare."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    inner_a, inner_b = a[start : len(a) - end], b[start : len(b) - end]
    if len(inner_a) * len(inner_b) > _MOST_PAIRS:
        return None
    pieces = [Piece("same", "".join(a[:start]))]
    try:
        opcodes = _Matcher(inner_a, inner_b, budget).get_opcodes()
    except _TooLong:
        return None
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            pieces.append(Piece("same", "".join(inner_a[i1:i2])))
        else:
            pieces.append(Piece("gone", "".join(inner_a[i1:i2])))
            pieces.append(Piece("new", "".join(inner_b[j1:j2])))
    pieces.append(Piece("same", "".join(a[len(a) - end :])))
    return pieces


def _refined(pieces: list[Piece], budget: Budget) -> list[Piece]:
    """Sentences that took the place of others, compared by word where few enough differ."""
    refined: list[Piece] = []
    for piece in pieces:
        last = refined[-1] if refined else None
        if piece.kind == "new" and last and last.kind == "gone" and last.text and piece.text:
            by_word = _matched(_WORD.findall(last.text), _WORD.findall(piece.text), budget)
            if by_word is not None:
                refined[-1:] = by_word
                continue
        refined.append(piece)
    return refined


def merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbours of a kind as one, and what is gone before what is new in its place."""
    found: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if found and found[-1].kind == piece.kind:
            found[-1] = Piece(piece.kind, found[-1].text + piece.text)
        elif (
            len(found) > 1 and found[-1].kind == "new" and piece.kind == "gone"
            and found[-2].kind == "gone"
        ):  # fmt: skip
            found[-2] = Piece("gone", found[-2].text + piece.text)
        else:
            found.append(piece)
    return tuple(found)


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE.findall(text) if sentence]
