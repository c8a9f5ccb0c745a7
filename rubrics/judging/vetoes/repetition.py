"""A reply that says the same words over and over.

Two tests. In words: phrases between two marks that come again and again, or words that follow
themselves within one, make up half of the reply. “May you be safe. May you be well” repeats no
whole phrase, and a round of breathing comes three or four times. In characters, for scripts without
spaces and for strings such as “aaaa”: the reply takes a quarter of its size once compressed.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.folding import MAX_READ
from rubrics.judging.vetoes.words import Word, passage, phrases_of

MIN_WORDS = 12
MIN_SHARE = 0.5
# (a phrase of at most so many words, how often it has to come). “Hold” comes with every breath;
# nobody needs to hear a long sentence three times.
_MIN_TIMES = ((1, 10), (7, 5), (10**9, 3))
# The longest run of words that is looked for within a phrase.
MAX_PERIOD = 8
# In UTF-8 bytes; shorter texts do not tell.
MIN_BYTES = 200
MAX_COMPRESSED = 0.25
# Of three rounds of “inhale, 2, 3, 4” little is left, too.
SHORT_BYTES = 400
MAX_COMPRESSED_SHORT = 0.16

# A passage, how many of the reply's words are such passages, and how often it comes.
_Repeated = tuple[list[Word], int, int]


def find_repetition(text: str) -> Finding | None:
    read = text[:MAX_READ]
    return _in_words(read) or _in_characters(read)


def _in_words(text: str) -> Finding | None:
    phrases = phrases_of(text)
    count = sum(map(len, phrases))
    repeated = [*_equal_phrases(phrases), *_within_phrases(phrases)]
    if count < MIN_WORDS or sum(covered for _, covered, _ in repeated) < MIN_SHARE * count:
        return None
    words, _, times = max(repeated, key=lambda each: each[1])
    quote = shortened(passage(text, words))
    return Finding("repetition", f"The reply says “{quote}” {times} times.", quote)


def _equal_phrases(phrases: Sequence[list[Word]]) -> Iterator[_Repeated]:
    first = {_said(phrase): phrase for phrase in reversed(phrases)}
    for said, times in Counter(map(_said, phrases)).items():
        if times >= _min_times(len(said)):
            yield first[said], times * len(said), times


def _within_phrases(phrases: Sequence[list[Word]]) -> Iterator[_Repeated]:
    """Of each phrase the run of words that follows itself for longest."""
    for phrase in phrases:
        said = _said(phrase)
        runs = (_longest_run(said, period) for period in range(1, MAX_PERIOD + 1))
        period, start, length = max(runs, key=lambda run: run[2])
        if length // period >= _min_times(period):
            yield phrase[start : start + period], length, length // period


def _longest_run(said: Sequence[str], period: int) -> tuple[int, int, int]:
    """The period, and start and length of the longest part that is equal to itself moved by it."""
    best, start = (period, 0, 0), 0
    for at in range(period, len(said) + 1):
        if at == len(said) or said[at] != said[at - period]:
            if at - start > best[2]:
                best = (period, start, at - start)
            start = at - period + 1
    return best


def _said(phrase: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in phrase)


def _min_times(length: int) -> int:
    return next(times for most, times in _MIN_TIMES if length <= most)


def _in_characters(text: str) -> Finding | None:
    content = text.encode()
    most = MAX_COMPRESSED if len(content) >= SHORT_BYTES else MAX_COMPRESSED_SHORT
    if len(content) < MIN_BYTES or len(zlib.compress(content, 9)) > most * len(content):
        return None
    quote = shortened(text[:40])
    return Finding("repetition", f"The reply repeats itself from “{quote}” on.", quote)
