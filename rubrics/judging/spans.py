"""The four spans of a supporter's reply, read and written in both published spellings.

The model card writes `<|understanding_begin|>...<|understanding_end|>`, the data card
`<understanding>...</understanding>` (Kardia-R1, arXiv 2512.01282).
"""

import re
from dataclasses import astuple, dataclass
from typing import Literal

from rubrics.core.text import canon
from webapp.llm.wrappers import THINKING

SPAN_NAMES = ("understanding", "reasoning", "emotion", "response")

Spelling = Literal["tokens", "tags"]

_NAMES = "|".join(SPAN_NAMES)
_MARK = re.compile(
    rf"<\|(?P<token>{_NAMES})_(?P<edge>begin|end)\|>|<(?P<slash>/?)(?P<tag>{_NAMES})>"
)
_EDGES = {
    mark: (kind, edge) for kind, pair in enumerate(THINKING) for edge, mark in enumerate(pair)
}
_THINKING = re.compile("|".join(map(re.escape, _EDGES)))

# What became of reasoning that the seeker never read: taken out, or the reply ends inside of it.
Reasoning = Literal["", "removed", "cut"]


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


def is_mark(text: str) -> bool:
    """Whether the text is one mark of a span."""
    return _MARK.fullmatch(text) is not None


def canon_reply(raw: str) -> str:
    """The text to hash for a reply: equal for both spellings of the same four spans."""
    spans = parse_spans(raw).spans
    return render_spans(spans, "tags") if spans else canon(raw)


def loose_spans(raw: str) -> tuple[dict[str, str], str]:
    """Each span that is opened once and then closed once, and the text outside of all spans.

    For replies that may be broken. A span that cannot be told is the empty string. What stands in
    a think block, or in a span that is never closed, was not said to the seeker: it is in neither.
    """
    text = without_thinking(raw)
    marks = _marks(text)
    edges: dict[str, list[bool]] = {name: [] for name in SPAN_NAMES}
    for mark in marks:
        edges[mark.name].append(mark.opens)
    spans, outside, start = dict.fromkeys(SPAN_NAMES, ""), [], 0
    opened: dict[str, _Mark] = {}
    for mark in marks:
        # What stands before an end without a beginning belongs to its span.
        if not opened and (mark.opens or mark.name == "response"):
            outside.append(text[start : mark.start])
        if mark.opens:
            opened[mark.name] = mark
        else:
            begin, is_single = opened.pop(mark.name, None), edges[mark.name] == [True, False]
            # Another span inside, which may be private, would have moved `start`.
            if begin is not None and begin.end == start and is_single:
                spans[mark.name] = canon(text[start : mark.start])
        start = mark.end
    if not opened:
        outside.append(text[start:])
    return spans, canon(" ".join(outside))


def said_to_seeker(raw: str) -> str:
    """What a supporter's reply says to the seeker: its response where that can be told, else all
    that stands outside of spans and think blocks."""
    spans, outside = loose_spans(raw)
    return spans["response"] or outside


def reasoning_in(raw: str) -> Reasoning:
    """Whether a reply holds a think block, which is taken out, or ends in one or inside a span."""
    _, has_thinking, is_open = _split_thinking(raw)
    last = {mark.name: mark.opens for mark in _marks(raw)}
    if is_open or any(last.values()):
        return "cut"
    return "removed" if has_thinking else ""


def without_thinking(text: str) -> str:
    """The text without think blocks. One that is never closed reaches to the end; one that is
    closed but not opened, because the chat template opens it, began before the text did."""
    return _split_thinking(text)[0]


def _split_thinking(text: str) -> tuple[str, bool, bool]:
    """The text without think blocks, whether there were any, and whether one is never closed. A
    block ends in the spelling in which it begins."""
    kept: list[str] = []
    found, inside, start = False, None, 0
    for mark in _THINKING.finditer(text):
        found = True
        kind, closes = _EDGES[mark[0]]
        if closes and inside in (None, kind):
            if inside is None:
                kept.clear()
            inside, start = None, mark.end()
        elif not closes and inside is None:
            kept.append(text[start : mark.start()])
            inside = kind
    rest = text[start:] if inside is None else ""
    return "".join(kept) + rest, found, inside is not None


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
    if _THINKING.search(text):
        return ("The reply holds a think block.",)
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
