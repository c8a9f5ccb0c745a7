"""A reply that consists of words that were there already: the seeker's, an earlier reply's, the
situation's or the profile's. A short quotation is fine, and one in quotation marks may be long."""

from collections.abc import Iterator
from typing import Any

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.folding import folded, without_quotations
from rubrics.judging.vetoes.words import plain_words, words_of

MIN_WORDS = 10
GRAM = 5
# Of the reply's runs of five words, the share that stands in the context word for word.
MIN_SHARE = 0.5
# And one passage has to be this long, so that many short echoes are no copy.
MIN_RUN = 8
# A quotation is left out if this many words stand beside it: “You said: …” is no reply to it.
MIN_OWN_WORDS = 5

_Grams = set[tuple[str, ...]]


def find_copied(context: dict[str, Any]) -> Finding | None:
    text = context["candidate"]["response"]
    read = folded(text)
    words = words_of(_without_quotations(read.text))
    if len(words) < MIN_WORDS:
        return None
    said = [word.text for word in words]
    sources = [
        (where, _grams(plain_words(folded(source).text))) for where, source in _sources(context)
    ]
    known: _Grams = set().union(*(grams for _, grams in sources))
    grams = [tuple(said[at : at + GRAM]) for at in range(len(said) - GRAM + 1)]
    copied = [gram in known for gram in grams]
    start, length = _longest(copied)
    run = length + GRAM - 1
    if sum(copied) < MIN_SHARE * len(grams) or run < MIN_RUN:
        return None
    first, last = words[start].start, words[start + run - 1].end - 1
    quote = shortened(text[read.places[first] : read.places[last] + 1])
    where = next(where for where, source in sources if grams[start] in source)
    return Finding("copied", f"“{quote}” is copied word for word from {where}.", quote)


def _without_quotations(text: str) -> str:
    own = without_quotations(text)
    return own if len(words_of(own)) >= MIN_OWN_WORDS else text


def _sources(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What there was to copy, the newest first."""
    seen = set()
    for turn in reversed(context["history"]):
        role = turn["role"]
        where = f"an earlier turn of the {role}" if role in seen else f"the {role}’s last turn"
        yield where, turn["text"]
        seen.add(role)
    yield "the situation", context["situation"]
    yield "the profile", context["profile"]


def _grams(words: list[str]) -> _Grams:
    return {tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1)}


def _longest(flags: list[bool]) -> tuple[int, int]:
    """Start and length of the longest run of true flags."""
    best, start = (0, 0), 0
    for at, flag in enumerate([*flags, False]):
        if not flag:
            if at - start > best[1]:
                best = (start, at - start)
            start = at + 1
    return best
