"""What a judge reads of a rubric when it scores a criterion, as a hash. Two passes with the same
hash over the same text by the same judge give one score.

A criterion's own hash is not enough for a language model: title, purpose and guidance stand in
its prompt too, and where it answers for all criteria at once, all of their wordings. Vetoes that
the rubric changes are part of it, too: they cap what the judge gives.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rubrics.core.spec import CriterionSpec, RubricSpec, caps, criterion_hash
from rubrics.judging.prompts import PROMPT_FORMAT, rubric_text

ALL_IN_ONE = "all_in_one"


class ScoringPass(NamedTuple):
    """The criteria of `spec` that a judge scores in one pass."""

    hash: str
    spec: RubricSpec

    @property
    def uids(self) -> list[str]:
        return [criterion.uid for criterion in self.spec.criteria]


def scoring_passes(
    spec: RubricSpec, *, kind: str, parameters: Mapping[str, Any]
) -> list[ScoringPass]:
    """How a judge of this kind ("learned" or "llm") goes through the criteria of a spec. Each
    pass has the spec with its criteria alone, ready for `rubrics.judging.judge.rate`."""
    if kind == "llm" and parameters.get("mode") == ALL_IN_ONE:
        together = [_pass(spec, spec.judge_criteria)] if spec.judge_criteria else []
        return [*together, *(_exactly(spec, check) for check in spec.checks)]
    if kind == "llm":
        judged = [_pass(spec, [criterion]) for criterion in spec.judge_criteria]
        return [*judged, *(_exactly(spec, check) for check in spec.checks)]
    return [_exactly(spec, criterion) for criterion in spec.criteria]


def pass_by_uid(passes: Iterable[ScoringPass]) -> dict[str, str]:
    """The hash of the pass that scores each criterion."""
    return {uid: each.hash for each in passes for uid in each.uids}


def _pass(spec: RubricSpec, criteria: Iterable[CriterionSpec]) -> ScoringPass:
    read = tuple(criteria)
    # The text names no identities; what two criteria of the same wording get may differ in a uid.
    text = f"{PROMPT_FORMAT}\n{spec.target}\n{rubric_text(spec, read)}{_vetoes(spec, read)}"
    return ScoringPass(hashlib.sha256(text.encode()).hexdigest(), replace(spec, criteria=read))


def _exactly(spec: RubricSpec, criterion: CriterionSpec) -> ScoringPass:
    """For checks and learned judges, which go by the criterion itself and read no wording."""
    own, vetoes = criterion_hash(criterion), _vetoes(spec, (criterion,))
    # The hash leaves out the points, but their sign decides which level is the worst.
    against = "\ncounts against" if criterion.counts_against else ""
    bears = f"{against}{vetoes}"
    together = hashlib.sha256(f"{own}{bears}".encode()).hexdigest() if bears else own
    return ScoringPass(together, replace(spec, criteria=(criterion,)))


def _vetoes(spec: RubricSpec, criteria: Sequence[CriterionSpec]) -> str:
    """What the rubric changes in the vetoes of these criteria; empty where it changes nothing. The
    defaults follow from the criteria, and why it was changed bears on no score."""
    judged = [c for c in criteria if c.kind == "judge"]
    changed = sorted(spec.vetoes, key=lambda entry: entry.veto) if judged else []
    return "".join(
        f"\n{entry.veto}: {[caps(spec, entry.veto, c) for c in judged]}" for entry in changed
    )
