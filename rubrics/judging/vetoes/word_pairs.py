"""Which words follow each other in written English, as a small table.

The table is `word_pairs.gz`: a line with the format and the number of words, the words by how
often they occur, one a line, and one bit for each hash of two words in a row that are written so at
least a quarter as often as chance would have it: “the of” is written once in a while by mistake,
and by chance would be written thousands of times. The table was made of the written corpus of the
demo, which is CC BY 4.0, by `python -m bench word_pairs`. A hash may stand for two pairs: about one
pair in fifteen that is never written counts as written.
"""

import functools
import gzip
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rubrics.judging.vetoes.words import clauses_of

PATH = Path(__file__).parent / "word_pairs.gz"
FORMAT = "kardia word pairs 1"
BITS = 1 << 21
MIN_RATIO = 0.25


@dataclass(frozen=True)
class WordPairs:
    """`rank` is the place of a word by frequency, from 0; `bits` has BITS bits."""

    rank: dict[str, int]
    bits: bytes

    def follows(self, first: str, second: str) -> bool:
        """Whether the two words are written in a row."""
        at = _place(first, second)
        return bool(self.bits[at >> 3] & (1 << (at & 7)))

    @functools.cached_property
    def trigrams(self) -> frozenset[str]:
        """Three letters in a row within a word, with ^ and $ for its edges."""
        return frozenset(three for word in self.rank for three in trigrams_of(word))


def trigrams_of(word: str) -> list[str]:
    edged = f"^{word}$"
    return [edged[at : at + 3] for at in range(len(edged) - 2)]


def build(texts: Iterable[str]) -> WordPairs:
    """The table of these texts. Equal texts in any order give an equal table."""
    count: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for words in clauses_of(text):
            count.update(words)
            pairs.update(pairwise(words))
    bits = bytearray(BITS // 8)
    for (first, second), times in pairs.items():
        if times * count.total() >= MIN_RATIO * count[first] * count[second]:
            at = _place(first, second)
            bits[at >> 3] |= 1 << (at & 7)
    ordered = sorted(count, key=lambda word: (-count[word], word))
    return WordPairs({word: place for place, word in enumerate(ordered)}, bytes(bits))


def save(table: WordPairs, path: Path) -> None:
    head = "\n".join([f"{FORMAT} {len(table.rank)}", *table.rank]) + "\n"
    # Without a date, so that an equal table is an equal file.
    path.write_bytes(gzip.compress(head.encode() + table.bits, 9, mtime=0))


def load(path: Path) -> WordPairs:
    """Raises ValueError for a file of another format."""
    content = gzip.decompress(path.read_bytes())
    head, words = content[: -(BITS // 8)].decode().split("\n", 1)
    rank = {word: place for place, word in enumerate(words.splitlines())}
    if head != f"{FORMAT} {len(rank)}":
        raise ValueError(f"{path.name} is no table of word pairs that this version reads.")
    return WordPairs(rank, content[-(BITS // 8) :])


@functools.cache
def written_pairs() -> WordPairs:
    """The table that is part of the studio."""
    return load(PATH)


def _place(first: str, second: str) -> int:
    return zlib.crc32(f"{first} {second}".encode()) % BITS
