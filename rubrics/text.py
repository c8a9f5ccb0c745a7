"""The one normal form of text that is hashed or compared."""

import unicodedata


def canon(text: str) -> str:
    """Text in NFC with LF line ends and without outer white space."""
    line_feeds = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", line_feeds).strip()
