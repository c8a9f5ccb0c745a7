"""What a judge reads: the frozen context of one target.

A context is JSON data of this shape; `gold_emotion` is there only for the emotion check:

    {"profile": str, "situation": str,
     "history": [{"role": "seeker" | "supporter", "text": str}, ...],
     "candidate": {"understanding", "reasoning", "emotion", "response", "raw": str},
     "cut": int, "gold_emotion": str}
"""

from dataclasses import dataclass
from typing import Any

from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.core.text import canon
from rubrics.judging.spans import SPAN_NAMES, loose_spans


@dataclass(frozen=True)
class JudgeInput:
    """One target to judge. `key` names it in the results and is never shown to a judge."""

    key: str
    context: dict[str, Any]


def candidate_of(raw: str) -> dict[str, str]:
    """The candidate part of a context for any reply, well formed or not.

    A broken reply keeps the spans that can be told apart. Where the response cannot, it is all
    that stands outside of them; so plain text is a response from end to end.
    """
    spans, outside = loose_spans(raw)
    return {**spans, "response": spans["response"] or outside, "raw": raw}


def spans_for(criterion: CriterionSpec, candidate: dict[str, str]) -> dict[str, str]:
    """The non-empty spans that a criterion reads, in the order of the reply."""
    wanted = SPAN_NAMES if "whole" in criterion.spans else criterion.spans
    return {name: candidate[name] for name in SPAN_NAMES if name in wanted and candidate[name]}


def judged_text(spec: RubricSpec, criterion: CriterionSpec, context: dict[str, Any]) -> str:
    """The text that a criterion is about: the spans it reads, or all supporter turns."""
    if spec.target == "dialogue":
        return canon("\n".join(texts_of(context, "supporter")))
    return canon("\n".join(spans_for(criterion, context["candidate"]).values()))


def readable_criteria(spec: RubricSpec, context: dict[str, Any]) -> list[CriterionSpec]:
    """The judge criteria that have a scale and a text to read in this context."""
    return [
        criterion
        for criterion in spec.judge_criteria
        if len(criterion.level_values) > 1 and judged_text(spec, criterion, context)
    ]


def texts_of(context: dict[str, Any], role: str) -> list[str]:
    """The texts of one role in the turns before."""
    return [turn["text"] for turn in context["history"] if turn["role"] == role]
