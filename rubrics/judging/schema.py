"""The JSON schema of a judge's reply: evidence and rationale are written before the score."""

from collections.abc import Sequence
from typing import Any

from rubrics.core.spec import CriterionSpec
from rubrics.judging.prompts import allows_not_applicable, criterion_key

MAX_EVIDENCE = 3
MAX_QUOTE = 300
MAX_RATIONALE = 800


def reply_schema(criteria: Sequence[CriterionSpec], *, with_score: bool = True) -> dict[str, Any]:
    """An object with one entry per criterion, named as in the prompt."""
    entries = {
        criterion_key(i): _entry_schema(c, with_score=with_score) for i, c in enumerate(criteria)
    }
    return _object(entries)


def allowed_scores(criterion: CriterionSpec) -> list[int | str]:
    """What a judge may answer for a criterion."""
    extra = ["not_applicable"] if allows_not_applicable(criterion) else []
    return [*criterion.level_values, *extra]


def _entry_schema(criterion: CriterionSpec, *, with_score: bool) -> dict[str, Any]:
    quote = {"type": "string", "maxLength": MAX_QUOTE}
    entry: dict[str, Any] = {
        "evidence": {"type": "array", "items": quote, "maxItems": MAX_EVIDENCE},
        "rationale": {"type": "string", "minLength": 1, "maxLength": MAX_RATIONALE},
    }
    if with_score:
        entry["score"] = {"enum": allowed_scores(criterion)}
    return _object(entry)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
