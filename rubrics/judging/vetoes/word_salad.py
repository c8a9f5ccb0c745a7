"""Words that make no sentences, and letters that make no words.

Three tests, on English only:
- Pairs: each two words in a row are looked up in a table of written English (`word_pairs`). A pair
  of frequent words that nobody writes, such as “the of”, says more than a pair of rare ones. So
  each pair counts with the logarithm of how much likelier it is in shuffled sentences than in
  written ones, by the rarer of its words, and the veto comes above e^4, odds of 55 to 1. It finds
  95 % of shuffled replies of 25 words, and fewer of shorter ones.
- Small words: a dozen known words without a comma and with hardly any “the”, “you” or “to”.
- Letters: in “asdf jkl qwpo” most runs of three letters occur in no English word. In the languages
  that were tried at most a quarter are unknown.

A text whose words are mostly unknown is another language, and only the third test reads it.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.folding import MAX_READ
from rubrics.judging.vetoes.word_pairs import WordPairs, trigrams_of, written_pairs
from rubrics.judging.vetoes.words import phrases_of

# Of a text that is taken for English: the share of its words that are known.
MIN_KNOWN = 0.6

MIN_PAIRS = 8
MAX_ODDS = 4.0
# (the rarer word is among the first N, weight of an unseen pair, weight of a seen one). From the
# corpus, each dialogue looked up without itself, against its replies with their words shuffled.
_WEIGHTS = (
    (100, 2.42, -0.71),
    (300, 1.72, -0.82),
    (1_000, 1.01, -0.99),
    (3_000, 0.47, -1.16),
    (10**9, 0.06, -0.63),
)

MIN_WORDS = 12
SMALL_WORDS = 100
MIN_SMALL = 0.12

MIN_TRIGRAMS = 20
MAX_UNKNOWN_TRIGRAMS = 0.35
# “Sooooo” is a word, “ddddd” alone is none.
_LENGTHENED = re.compile(r"(.)\1{2,}")
MIN_ONE_LETTER = 5


def find_word_salad(text: str, table: WordPairs | None = None) -> Finding | None:
    """`table` is the studio's own where none is given."""
    table = table or written_pairs()
    phrases = [[word.text for word in phrase] for phrase in phrases_of(text[:MAX_READ])]
    words = [word for phrase in phrases for word in phrase]
    known = [word for word in words if word in table.rank]
    if words and len(known) >= MIN_KNOWN * len(words):
        why = _unseen_pairs(phrases, table) or _few_small_words(phrases, table)
    else:
        why = _unknown_letters(words, table)
    if not why:
        return None
    quote = shortened(text.strip()[:80])
    return Finding("word_salad", f"“{quote}” makes no sense: {why}", quote)


def _unseen_pairs(phrases: list[list[str]], table: WordPairs) -> str:
    pairs = list(_known_pairs(phrases, table))
    odds = sum(_weight(first, second, table) for first, second in pairs)
    if len(pairs) < MIN_PAIRS or odds <= MAX_ODDS:
        return ""
    unseen = sum(not table.follows(first, second) for first, second in pairs)
    return f"{unseen} of its {len(pairs)} word pairs are not found in written English."


def _known_pairs(phrases: list[list[str]], table: WordPairs) -> Iterator[tuple[str, str]]:
    for phrase in phrases:
        for first, second in pairwise(phrase):
            if first in table.rank and second in table.rank:
                yield first, second


def _weight(first: str, second: str, table: WordPairs) -> float:
    rarer = max(table.rank[first], table.rank[second])
    unseen, seen = next(weights for most, *weights in _WEIGHTS if rarer < most)
    return seen if table.follows(first, second) else unseen


def _few_small_words(phrases: list[list[str]], table: WordPairs) -> str:
    """“Sad, tired, ashamed” is a list that people write; one without commas is none."""
    known = [word for word in max(phrases, key=len) if word in table.rank]
    small = sum(table.rank[word] < SMALL_WORDS for word in known)
    if len(known) < MIN_WORDS or small >= MIN_SMALL * len(known):
        return ""
    return "it is a list of words without the small ones that make sentences."


def _unknown_letters(words: list[str], table: WordPairs) -> str:
    if words and all(len(word) >= MIN_ONE_LETTER and len(set(word)) == 1 for word in words):
        return "it is one letter again and again."
    plain = [_LENGTHENED.sub(r"\1\1", word) for word in words if word.isascii()]
    runs = [run for word in plain for run in trigrams_of(word)]
    unknown = sum(run not in table.trigrams for run in runs)
    if len(runs) < MIN_TRIGRAMS or unknown <= MAX_UNKNOWN_TRIGRAMS * len(runs):
        return ""
    return "its letters make no words."
