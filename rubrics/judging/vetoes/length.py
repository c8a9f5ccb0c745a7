"""A reply without a word, or far longer than one turn of a conversation is."""

import unicodedata

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.words import words_of

# Of 2,099 replies that people wrote on a forum for support, where nobody answers at once, one in
# five hundred is longer; of replies in a chat none is.
MAX_WORDS = 400
# Scripts without spaces have few words; four characters are about one.
MAX_CHARACTERS = 4_000


def find_empty(text: str) -> Finding | None:
    """A reply of marks only, such as “...”. An emoji alone may answer “Thanks, good night”."""
    if any(character.isalnum() or unicodedata.category(character) == "So" for character in text):
        return None
    if not text.strip():
        return Finding("empty", "The reply is empty.")
    quote = shortened(text.strip())
    return Finding("empty", f"The reply has no word: “{quote}”.", quote)


def find_too_long(text: str) -> Finding | None:
    count = len(words_of(text))
    if count > MAX_WORDS:
        return Finding("too_long", f"The reply has {count:,} words; {MAX_WORDS} are too many.")
    if len(text) > MAX_CHARACTERS:
        reason = f"The reply has {len(text):,} characters; {MAX_CHARACTERS:,} are too many."
        return Finding("too_long", reason)
    return None
