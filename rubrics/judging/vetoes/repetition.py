"""A reply that says the same words over and over.

Two tests. In words: passages of three words that come three times or more make up half of the
reply. In characters, for scripts without spaces and for strings such as “aaaa”: the reply takes a
quarter of its size once compressed. A refrain in a longer reply passes both.
"""

import zlib
from collections import Counter

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.words import passage, words_of

MIN_WORDS = 12
PASSAGE = 3
MIN_TIMES = 3
MIN_SHARE = 0.5
# In UTF-8 bytes; shorter texts do not tell.
MIN_BYTES = 200
MAX_COMPRESSED = 0.25


def find_repetition(text: str) -> Finding | None:
    return _in_words(text) or _in_characters(text)


def _in_words(text: str) -> Finding | None:
    words = words_of(text)
    if len(words) < MIN_WORDS:
        return None
    said = [word.text for word in words]
    grams = [tuple(said[at : at + PASSAGE]) for at in range(len(said) - PASSAGE + 1)]
    times = Counter(grams)
    repeated = [at for at, gram in enumerate(grams) if times[gram] >= MIN_TIMES]
    covered = {place for at in repeated for place in range(at, at + PASSAGE)}
    if len(covered) < MIN_SHARE * len(words):
        return None
    first = repeated[0]
    second = grams.index(grams[first], first + 1)
    quote = shortened(passage(text, words[first:second]))
    reason = f"The reply says “{quote}” {times[grams[first]]} times."
    return Finding("repetition", reason, quote)


def _in_characters(text: str) -> Finding | None:
    content = text.encode()
    if len(content) < MIN_BYTES or len(zlib.compress(content, 9)) > MAX_COMPRESSED * len(content):
        return None
    quote = shortened(text[:40])
    return Finding("repetition", f"The reply repeats itself from “{quote}” on.", quote)
