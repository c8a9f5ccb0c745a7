"""What a judge reads: the frozen context of one target.

A context is JSON data of this shape; `gold_emotion` is there only for the emotion check:

    {"profile": str, "situation": str,
     "history": [{"role": "seeker" | "supporter", "text": str}, ...],
     "candidate": {"understanding", "reasoning", "emotion", "response", "raw": str},
     "cut": int, "gold_emotion": str}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rubrics.judging.spans import SPAN_NAMES, find_span, parse_spans, without_marks
from rubrics.spec import CriterionSpec, RubricSpec
from rubrics.text import canon


@dataclass(frozen=True)
class JudgeInput:
    """One target to judge. `key` names it in the results and is never shown to a judge."""

    key: str
    context: dict[str, Any]


def candidate_of(raw: str) -> dict[str, str]:
    """The candidate part of a context for any reply, well formed or not.

    A broken reply keeps the spans that can be told apart; a reply without a response span, such
    as plain text, is a response from end to end.
    """
    spans = {name: find_span(raw, name) for name in SPAN_NAMES}
    if not spans["response"]:
        spans = dict.fromkeys(SPAN_NAMES, "") | {"response": without_marks(raw)}
    return {**spans, "raw": raw}



def spans_for(criterion: CriterionSpec, candidate: dict[str, str]) -> dict[str, str]:
    """The non-empty spans that a criterion reads, in the order of the reply."""
    wanted = SPAN_NAMES if "whole" in criterion.spans else criterion.spans
    return {name: candidate[name] for name in SPAN_NAMES if name in wanted and candidate[name]}


def judged_text(spec: RubricSpec, criterion: CriterionSpec, context: dict[str, Any]) -> str:
    """The text that a criterion is about: the spans it reads, or all supporter turns."""
    if spec.target == "dialogue":
        return canon("\n".join(texts_of(context, "supporter")))
    return canon("\n".join(spans_for(criterion, context["candidate"]).values()))


def texts_of(context: dict[str, Any], role: str) -> Iterable[str]:
    """The texts of one role in the turns before."""
    return [turn["text"] for turn in context["history"] if turn["role"] == role]
