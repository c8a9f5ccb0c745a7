"""Turns from raw text."""

from annotation.formats.records import ParsedTurn, Role
from rubrics.judging.spans import SPAN_NAMES, loose_spans, parse_spans
from rubrics.text import canon


def plain_turn(role: Role, raw: str) -> ParsedTurn:
    """A turn that is nothing but its text."""
    return ParsedTurn(role=role, text=canon(raw), raw=raw)


def supporter_turn(raw: str) -> tuple[ParsedTurn, tuple[str, ...]]:
    """A supporter's reply with its four spans, and what is wrong with them.

    A reply with problems is kept without spans. Its text is the response where that span is
    whole, otherwise what stands outside of the spans, which may be nothing: what was said to
    the seeker is never the reasoning.
    """
    reply = parse_spans(raw)
    if reply.spans is None:
        spans, outside = loose_spans(raw)
        return ParsedTurn("supporter", spans["response"] or outside, raw), reply.problems
    spans = {name: getattr(reply.spans, name) for name in SPAN_NAMES}
    turn = ParsedTurn("supporter", spans["response"], raw, spans, reply.spelling)
    return turn, ()
