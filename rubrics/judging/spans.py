"""The four spans of a supporter's reply, read and written in both published spellings.

The model card writes `<|understanding_begin|>...<|understanding_end|>`, the data card
`<understanding>...</understanding>` (Kardia-R1, arXiv 2512.01282).
"""

import re
from dataclasses import astuple, dataclass
from typing import Literal

from rubrics.core.text import canon

SPAN_NAMES = ("understanding", "reasoning", "emotion", "response")

Spelling = Literal["tokens", "tags"]

_NAMES = "|".join(SPAN_NAMES)
_MARK = re.compile(
    rf"<\|(?P<token>{_NAMES})_(?P<edge>begin|end)\|>|<(?P<slash>/?)(?P<tag>{_NAMES})>"
)


@dataclass(frozen=True)
class Spans:
    understanding: str
    reasoning: str
    emotion: str
    response: str


@dataclass(frozen=True)
class ParsedReply:
    """`spans` is None exactly when `problems` says why."""

    spans: Spans | None
    spelling: Spelling | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Mark:
    name: str
    opens: bool
    spelling: Spelling
    start: int
    end: int


def parse_spans(raw: str) -> ParsedReply:
    """Read a reply that is exactly the four spans, in order, none empty, in one spelling."""
    text = canon(raw)
    marks = _marks(text)
    spelling = marks[0].spelling if marks else None
    problems = _problems(text, marks)
    if problems:
        return ParsedReply(None, spelling, problems)
    contents = [
        canon(text[begin.end : end.start])
        for begin, end in zip(marks[::2], marks[1::2], strict=True)
    ]
    return ParsedReply(Spans(*contents), spelling, ())


def render_spans(spans: Spans, spelling: Spelling) -> str:
    """Write the four spans, one a line, so that `parse_spans` gives them back.

    Raises ValueError where a span is empty or holds a mark of its own.
    """
    pattern = "<|{0}_begin|>{1}<|{0}_end|>" if spelling == "tokens" else "<{0}>{1}</{0}>"
    contents = [canon(content) for content in astuple(spans)]
    for name, content in zip(SPAN_NAMES, contents, strict=True):
        if not content or _MARK.search(content):
            raise ValueError(f"The {name} span is empty or holds a span mark.")
    return "\n".join(
        pattern.format(name, content) for name, content in zip(SPAN_NAMES, contents, strict=True)
    )


def canon_reply(raw: str) -> str:
    """The text to hash for a reply: equal for both spellings of the same four spans."""
    spans = parse_spans(raw).spans
    return render_spans(spans, "tags") if spans else canon(raw)


def loose_spans(raw: str) -> tuple[dict[str, str], str]:
    """Each span that is opened once and then closed once, and the text outside of them.

    For replies that may be broken. A span that cannot be told is the empty string.
    """
    marks = _marks(raw)
    spans, outside, end = dict.fromkeys(SPAN_NAMES, ""), [], 0
    for begin, close in zip(marks, marks[1:], strict=False):
        own = [mark.opens for mark in marks if mark.name == begin.name]
        if begin.name == close.name and own == [True, False]:
            spans[begin.name] = canon(raw[begin.end : close.start])
            outside.append(raw[end : begin.start])
            end = close.end
    outside.append(raw[end:])
    return spans, canon(_MARK.sub(" ", " ".join(outside)))


def _marks(text: str) -> list[_Mark]:
    return [
        _Mark(
            name=match["token"] or match["tag"],
            opens=match["edge"] == "begin" if match["token"] else not match["slash"],
            spelling="tokens" if match["token"] else "tags",
            start=match.start(),
            end=match.end(),
        )
        for match in _MARK.finditer(text)
    ]


def _problems(text: str, marks: list[_Mark]) -> tuple[str, ...]:
    if not marks:
        return ("The reply has none of the four spans.",)
    if len({mark.spelling for mark in marks}) > 1:
        return ("The reply mixes the two spellings of the spans.",)
    wanted = [(name, opens) for name in SPAN_NAMES for opens in (True, False)]
    if [(mark.name, mark.opens) for mark in marks] != wanted:
        return _order_problems(marks)
    problems = [
        f"The {begin.name} span is empty."
        for begin, end in zip(marks[::2], marks[1::2], strict=True)
        if not text[begin.end : end.start].strip()
    ]
    if _outside(text, marks):
        problems.append("There is text outside the spans.")
    return tuple(problems)


def _order_problems(marks: list[_Mark]) -> tuple[str, ...]:
    problems = []
    for name in SPAN_NAMES:
        edges = [mark.opens for mark in marks if mark.name == name]
        if not edges:
            problems.append(f"The {name} span is missing.")
        elif edges != [True, False]:
            problems.append(f"The {name} span must be opened once and closed once.")
    return tuple(problems) or ("The spans are not in the order " + ", ".join(SPAN_NAMES) + ".",)


def _outside(text: str, marks: list[_Mark]) -> str:
    edges = [0, *(edge for mark in marks for edge in (mark.start, mark.end)), len(text)]
    gaps = zip(edges[::4], edges[1::4], strict=True)
    return "".join(text[start:end] for start, end in gaps).strip()
