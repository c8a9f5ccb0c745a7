"""A reply as its words are looked for: without what hides or decorates them."""

import functools
import re
import unicodedata
from dataclasses import dataclass

# The tests of words read no more than this. A longer reply is far too long anyway, and hostile text
# can't hold a process for long.
MAX_READ = 4_000

# Letters of other scripts that look like Latin ones.
_LOOKS_LIKE = dict(
    zip("аеорсухіїјѕһԁкмтвнӏοαικνρυτıł", "aeopcyxiijshdkmtbhloaikvputil", strict=True)
)
_MARKS = frozenset("()[]{}*~`#>|<_^=+")
_HIDDEN = frozenset({"Cf", "Mn", "Me"})
# No class holds the mark that opens it, so that each search ends at the next one.
_QUOTED = re.compile(
    r"“[^“”]{0,500}”|\"[^\"]{0,500}\"|«[^«»]{0,500}»|„[^„“”]{0,500}[“”]"
    r"|(?<!\w)[‘'][^‘’']{0,500}[’'](?!\w)"
)


@dataclass(frozen=True)
class Folded:
    """`text` in lower case; its character i stands for the reply's at `places[i]`."""

    text: str
    places: list[int]


def folded(reply: str) -> Folded:
    """The first MAX_READ characters in plain lower-case letters: accents, invisible characters,
    look-alikes and marks of emphasis are gone. A new line is a space; an empty line stays one."""
    parts = list(map(_plain, reply[:MAX_READ]))
    places = [place for place, part in enumerate(parts) for _ in part]
    return Folded("".join(parts), places)


def without_quotations(text: str) -> str:
    """Of equal length, with underscores in place of what is quoted. Quotation marks around the
    whole of it quote nobody."""
    own = _QUOTED.sub(lambda match: "_" * len(match[0]), text)
    return own if any(map(str.isalnum, own)) else text


@functools.lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character in _MARKS:
        return " "
    plain = unicodedata.normalize("NFKD", character).casefold()
    return "".join(
        _LOOKS_LIKE.get(part, part) for part in plain if unicodedata.category(part) not in _HIDDEN
    )
