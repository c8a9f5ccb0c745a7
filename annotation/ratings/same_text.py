"""When two texts say the same. Pure.

Blindness asks this (annotation.ratings.blindness): whoever pastes a text with another space or
quote mark in it has not written another text.
"""

import hashlib
import unicodedata

from rubrics.core.text import with_few_marks

# Characters that nobody sees and that are of no format category: the grapheme joiner, the fillers
# of Hangul and the variation selectors.
_UNSEEN = dict.fromkeys(
    [0x034F, 0x115F, 0x1160, 0x3164, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)


def normal(text: str) -> str:
    """The text as it is compared: NFKC without case, without characters that nobody sees, with
    one space for each run of white space, and without the punctuation at its end."""
    seen = "".join(
        char
        for char in _nfkc(text)
        if char.isspace() or unicodedata.category(char) not in ("Cf", "Cc", "Cs", "Co", "Cn")
    )
    folded = _nfkc(seen.casefold())
    words = " ".join(folded.split())
    end = len(words)
    while end and (words[end - 1] == " " or unicodedata.category(words[end - 1])[0] == "P"):
        end -= 1
    # Of a text that is nothing but punctuation, all of it stays.
    return words[:end] or words


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", with_few_marks(text.translate(_UNSEEN)))


def normal_hash(text: str) -> str:
    """sha256 (hex) of the text as it is compared; "" for a text that says nothing, which is the
    same as no other."""
    said = normal(text)
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def dialogue_hash(turns: list[tuple[str, str]]) -> str:
    """The same of a whole dialogue, whose turns are (role, text), oldest first."""
    said = [f"{role}\0{normal(text)}" for role, text in turns]
    return hashlib.sha256("\0\0".join(said).encode()).hexdigest() if said else ""
