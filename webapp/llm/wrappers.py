"""What models put around an answer that was asked for without anything around it. Pure."""

import re

# One think block that is closed, at the beginning.
_THINKING = re.compile(r"\A\s*<think>(?:(?!</?think>).)*</think>", re.DOTALL)
# One code fence around all of it. A fence inside, which would make it two, is no part of JSON.
_FENCE = re.compile(r"\A\s*```[A-Za-z0-9]*[ \t]*\n((?:(?!```).)*)\n[ \t]*```\s*\Z", re.DOTALL)


def unwrapped(text: str) -> str:
    """The text without a closed think block before it, and without one code fence around it.

    A block that is not closed, a second block or fence, and words around a fence stay: whoever
    parses the text refuses it then.
    """
    text = _THINKING.sub("", text, count=1)
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text
