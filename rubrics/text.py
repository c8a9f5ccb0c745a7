"""Text as the studio compares and keeps it."""

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def canon(text: str) -> str:
    """Text in NFC with LF line ends and without outer white space: the one normal form of text
    that is hashed or compared."""
    line_feeds = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", line_feeds).strip()


def storable(text: str) -> str:
    """Text that a database keeps. Models write NUL and halves of surrogate pairs too; each
    becomes the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text)
