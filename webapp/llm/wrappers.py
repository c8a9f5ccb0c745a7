"""What models put around an answer that was asked for without anything around it. Pure."""

import re

# The marks around what a model thinks, in the spellings of several chat templates.
THINKING = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"))
# One code fence around all of it. A fence inside, which would make it two, is no part of JSON.
_FENCE_BEGINS = re.compile(r"```[A-Za-z0-9]*[ \t\r]*\n")
_FENCE_ENDS = re.compile(r"\n[ \t]*```\Z")


def unwrapped(text: str) -> str:
    """The text without a closed think block before it, and without one code fence around it.

    The chat template may have opened the block. A block that is not closed, a second block or
    fence, and words around a fence stay: whoever parses the text refuses it then.
    """
    return _without_fence(_without_thinking(text).strip())


def _without_thinking(text: str) -> str:
    for opened, closed in THINKING:
        thought, found, rest = text.partition(closed)
        thought = thought.lstrip()
        # An answer that only speaks of think blocks has begun before the mark.
        is_answer = thought.startswith(("{", "[", "`")) and not thought.startswith(opened)
        if found and not is_answer and opened not in thought.removeprefix(opened):
            return rest
    return text


def _without_fence(text: str) -> str:
    begin, end = _FENCE_BEGINS.match(text), _FENCE_ENDS.search(text, max(0, len(text) - 100))
    if begin is None or end is None or end.start() < begin.end():
        return text
    inner = text[begin.end() : end.start()]
    return text if "```" in inner else inner
