"""How alike the texts of a corpus are. Pure.

People who read ten dialogues notice a template before a program does; these figures say where to
look. A word is a run of letters, digits and inner apostrophes, in lower case.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from datasketch import MinHash

_WORD = re.compile(r"\w+(?:['’]\w+)*")
OPENING = 4
# A word of a profile speaks of this person where few other profiles hold it.
_RARE = 0.05
_SHORTEST = 4


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def distinct2(texts: Iterable[str]) -> float:
    """Distinct word pairs over all word pairs (Li et al. 2016, arXiv 1510.03055)."""
    pairs = Counter(pair for text in texts for pair in _grams(text, 2))
    return len(pairs) / pairs.total() if pairs else 0.0


def common_opening(texts: Sequence[str]) -> tuple[str, float]:
    """The first four words that most texts share, and the share of texts that begin with them."""
    openings = Counter(" ".join(words(text)[:OPENING]) for text in texts)
    return _largest(openings, len(texts))


def common_phrase(texts: Sequence[str], length: int = 5) -> tuple[str, float]:
    """The `length` words in a row that most texts hold, and the share of texts that hold them."""
    holders = Counter(" ".join(gram) for text in texts for gram in set(_grams(text, length)))
    return _largest(holders, len(texts))


def most_alike(texts: Sequence[str]) -> tuple[float, tuple[int, int] | None]:
    """The highest estimated Jaccard similarity (MinHash, Broder 1997) of two texts' word pairs,
    and the places of the two; None for fewer than two texts."""
    sketches = [_sketch(text) for text in texts]
    pairs = combinations(range(len(texts)), 2)
    found = ((sketches[a].jaccard(sketches[b]), (a, b)) for a, b in pairs)
    return max(found, key=lambda pair: pair[0], default=(0.0, None))


def uses_profile(profile: str, others: Sequence[str], said: str) -> bool:
    """Whether `said` holds a word of the profile that at most 5 % of the other profiles hold."""
    known = Counter(word for other in others for word in set(words(other)))
    bound = _RARE * len(others)
    own = {word for word in words(profile) if len(word) >= _SHORTEST and known[word] <= bound}
    return bool(own & set(words(said)))


def _grams(text: str, length: int) -> list[tuple[str, ...]]:
    found = words(text)
    return [tuple(found[at : at + length]) for at in range(len(found) - length + 1)]


def _largest(counts: Counter[str], texts: int) -> tuple[str, float]:
    if not counts:
        return "", 0.0
    phrase, count = counts.most_common(1)[0]
    return phrase, count / texts


def _sketch(text: str) -> MinHash:
    sketch = MinHash(num_perm=128, seed=1)
    for pair in _grams(text, 2):
        sketch.update(" ".join(pair).encode())
    return sketch
