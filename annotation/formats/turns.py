"""Turns from raw text."""

from annotation.formats.records import ParsedTurn, Role
from rubrics.judging.spans import SPAN_NAMES, find_span, parse_spans, without_marks
from rubrics.text import canon


def plain_turn(role: Role, raw: str) -> ParsedTurn:
    """A turn that is nothing but its text."""
    return ParsedTurn(role=role, text=canon(raw), raw=raw)


def supporter_turn(raw: str) -> tuple[ParsedTurn, tuple[str, ...]]:
    """A supporter's reply with its four spans, and what is wrong with them.

    A reply with problems is kept without spans; its text is the response span where that one
    is whole, otherwise everything without the marks.
    """
    reply = parse_spans(raw)
    if reply.spans is None:
        text = find_span(raw, "response") or without_marks(raw)
        return ParsedTurn(role="supporter", text=text, raw=raw), reply.problems
    spans = {name: getattr(reply.spans, name) for name in SPAN_NAMES}
    turn = ParsedTurn("supporter", spans["response"], raw, spans, reply.spelling)
    return turn, ()
