"""What a judge reads of a rubric when it scores a criterion, as a hash: equal readings of the same
text by the same judge are one score.

A criterion's own hash is not enough for a language model: title, purpose and guidance stand in
its prompt too, and where it answers for all criteria at once, all of their wordings.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash
from rubrics.judging.prompts import PROMPT_FORMAT, rubric_text

ALL_IN_ONE = "all_in_one"


class Reading(NamedTuple):
    """The criteria of `spec` that a judge scores from one reading of it."""

    hash: str
    spec: RubricSpec

    @property
    def uids(self) -> list[str]:
        return [criterion.uid for criterion in self.spec.criteria]


def readings_of(spec: RubricSpec, *, kind: str, parameters: Mapping[str, Any]) -> list[Reading]:
    """How a judge of this kind ("learned" or "llm") goes through the criteria of a spec. Each
    reading has the spec with its criteria alone, ready for `rubrics.judging.judge.rate`."""
    if kind == "llm" and parameters.get("mode") == ALL_IN_ONE:
        together = [_reading(spec, spec.judge_criteria)] if spec.judge_criteria else []
        return [*together, *(_exactly(spec, check) for check in spec.checks)]
    if kind == "llm":
        judged = [_reading(spec, [criterion]) for criterion in spec.judge_criteria]
        return [*judged, *(_exactly(spec, check) for check in spec.checks)]
    return [_exactly(spec, criterion) for criterion in spec.criteria]


def by_uid(readings: Iterable[Reading]) -> dict[str, str]:
    """The hash of the reading that scores each criterion."""
    return {uid: reading.hash for reading in readings for uid in reading.uids}


def _reading(spec: RubricSpec, criteria: Iterable[CriterionSpec]) -> Reading:
    read = tuple(criteria)
    # The text names no identities; what two criteria of the same wording get may differ in a uid.
    text = f"{PROMPT_FORMAT}\n{spec.target}\n{rubric_text(spec, read)}"
    return Reading(hashlib.sha256(text.encode()).hexdigest(), replace(spec, criteria=read))


def _exactly(spec: RubricSpec, criterion: CriterionSpec) -> Reading:
    """For checks and learned judges, which go by the criterion itself and read no wording."""
    return Reading(criterion_hash(criterion), replace(spec, criteria=(criterion,)))
