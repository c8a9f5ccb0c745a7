"""Text as the studio compares and keeps it."""

import unicodedata

# Unicode's own bound for a stream (UAX 15): no language writes as many marks on one letter.
MOST_MARKS = 30
_JOINER = "\u034f"  # the grapheme joiner, which nobody sees: marks are not sorted across it


def canon(text: str) -> str:
    """Text in NFC with LF line ends and without outer white space: the one normal form of text
    that is hashed or compared."""
    line_feeds = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", with_few_marks(line_feeds)).strip()


def with_few_marks(text: str) -> str:
    """Text that is normalized in linear time: after each MOST_MARKS marks in a row stands a
    joiner. Python sorts the marks of a letter in quadratic time, so that one text of a hostile
    model or file would hold its process for long."""
    if text.isascii():
        return text
    parts, start, marks = [], 0, 0
    for index, char in enumerate(text):
        if not _is_mark(char):
            marks = 0
        elif marks == MOST_MARKS:
            parts.append(text[start:index])
            start, marks = index, 1
        else:
            marks += 1
    return _JOINER.join([*parts, text[start:]])


def _is_mark(char: str) -> bool:
    # Some are marks only once they are normalized, such as U+0F73 and U+FF9E.
    return not char.isascii() and unicodedata.combining(unicodedata.normalize("NFKD", char)[0]) > 0
