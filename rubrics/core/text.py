"""Text as the studio compares and keeps it."""

import unicodedata


def canon(text: str) -> str:
    """Text in NFC with LF line ends and without outer white space: the one normal form of text
    that is hashed or compared."""
    line_feeds = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", line_feeds).strip()
