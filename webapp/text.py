"""Text as a database keeps it, and as Markdown shows it."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Text that a database keeps. Models write NUL and halves of surrogate pairs too; each
    becomes the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text)


def markdown_line(text: str) -> str:
    """A text that a person typed, as one line that Markdown takes as it is."""
    plain = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|" else char for char in plain)
