"""Scores that no veto is above."""

from collections.abc import Sequence
from dataclasses import replace

from rubrics.core.spec import CriterionSpec, RubricSpec, cap_of, caps
from rubrics.judging.results import CriterionScore
from rubrics.judging.vetoes.finding import Finding


def capped(
    spec: RubricSpec, criterion: CriterionSpec, score: CriterionScore, vetoes: Sequence[Finding]
) -> CriterionScore:
    """A judge's score of a reply that falls under `vetoes`: at most the cap of the strictest veto
    that caps the criterion. The rationale names the veto, its reason and what the judge gave; the
    veto's passage is the first evidence. What was not scored stays as it is."""
    binding = _strictest(spec, criterion, vetoes)
    if binding is None or score.value is None:
        return score
    veto, cap = binding
    limited = max if criterion.counts_against else min
    verb = "sets" if criterion.counts_against else "caps"
    to = "to" if criterion.counts_against else "at"
    return replace(
        score,
        value=limited(score.value, float(cap)),
        expected=None if score.expected is None else limited(score.expected, float(cap)),
        rationale=f"A veto {verb} this {to} {cap}: {veto.reason} "
        f"The judge gave {score.value:g}. {score.rationale}".strip(),
        evidence=(veto.quote, *score.evidence) if veto.quote else score.evidence,
    )


def _strictest(
    spec: RubricSpec, criterion: CriterionSpec, vetoes: Sequence[Finding]
) -> tuple[Finding, int] | None:
    """The veto with the cap that is worst for the reply; of several, the first found."""
    found = [
        (veto, cap)
        for veto in vetoes
        if caps(spec, veto.veto, criterion) and (cap := cap_of(veto.veto, criterion)) is not None
    ]
    worst = -1 if criterion.counts_against else 1
    return min(found, key=lambda pair: worst * pair[1], default=None)
