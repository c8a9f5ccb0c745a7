"""Every veto that a reply falls under."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rubrics.core.spec import SpanName
from rubrics.judging.vetoes.contradiction import find_contradiction
from rubrics.judging.vetoes.copied import find_copied
from rubrics.judging.vetoes.finding import Finding
from rubrics.judging.vetoes.harm import find_harm
from rubrics.judging.vetoes.length import find_empty, find_too_long
from rubrics.judging.vetoes.repetition import find_repetition
from rubrics.judging.vetoes.word_salad import find_word_salad

# Raise it with every change that can veto another reply: judges pin it, so that scores from before
# and after a change are never those of one version of a judge.
VERSION = 1

# What a judge may read beside the response.
_THOUGHTS: tuple[SpanName, ...] = ("understanding", "reasoning")


def find_vetoes(context: dict[str, Any]) -> list[Finding]:
    """At most one finding of each kind in each span, in the order in which they weigh. `context`
    is as `rubrics.judging.inputs` describes it."""
    return [finding for finding in _findings(context) if finding is not None]


def _findings(context: dict[str, Any]) -> Iterator[Finding | None]:
    candidate = context["candidate"]
    said = candidate["response"]
    yield find_harm(said)
    yield find_empty(said)
    yield find_repetition(said)
    for span in _THOUGHTS:
        repeated = find_repetition(candidate[span])
        yield repeated and replace(repeated, span=span)
    yield find_word_salad(said)
    yield find_copied(context)
    yield find_contradiction(context)
    yield find_too_long(said)
