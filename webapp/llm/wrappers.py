"""What models put around an answer that was asked for without anything around it. Pure."""

import re

# A code fence begins, with or without the name of a language. The ends of fences and think blocks
# are found by their words: a pattern that looks ahead at every letter takes a gigabyte of memory
# for the longest answer that a server may give.
_FENCE = re.compile(r"\s*```[A-Za-z0-9]*[ \t]*\n")
_OPEN, _CLOSE, _TICKS = "<think>", "</think>", "```"


def unwrapped(text: str) -> str:
    """The text without a closed think block before it, and without one code fence around it.

    A block that is not closed, a second block or fence, and words around a fence stay: whoever
    parses the text refuses it then.
    """
    return _without_fence(_without_thinking(text))


def _without_thinking(text: str) -> str:
    begin = len(text) - len(text.lstrip())
    if not text.startswith(_OPEN, begin):
        return text
    begin += len(_OPEN)
    end = text.find(_CLOSE, begin)
    return text if end < 0 or text.find(_OPEN, begin, end) >= 0 else text[end + len(_CLOSE) :]


def _without_fence(text: str) -> str:
    opened = _FENCE.match(text)
    close = text.find(_TICKS, opened.end()) if opened else -1
    if opened is None or close < 0 or text[close + len(_TICKS) :].strip():
        return text
    inside = text[opened.end() : close].rstrip(" \t")
    # The closing ticks stand on a line of their own.
    return inside[:-1] if inside.endswith("\n") else text
