"""Text as a database keeps it."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Text that a database keeps. Models write NUL and halves of surrogate pairs too; each
    becomes the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text)
