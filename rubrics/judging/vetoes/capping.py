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
    that caps the criterion and was found in a span that the criterion reads.

    A cap at the worst level is the score, also where the judge failed or set the criterion aside.
    A criterion that the judge does not know stays `not_scored`. The rationale says why and what the
    judge gave; the veto's passage is the first evidence.
    """
    binding = _strictest(spec, criterion, vetoes)
    if binding is None or score.status == "not_scored":
        return score
    veto, cap = binding
    if cap in (criterion.level_values[0], criterion.level_values[-1]):
        return _set_to(cap, veto, score)
    if score.value is None:
        return score
    expected = None if score.expected is None else min(score.expected, float(cap))
    if score.value <= cap:
        return replace(score, expected=expected)
    return replace(_set_to(cap, veto, score), expected=expected)


def _set_to(cap: int, veto: Finding, score: CriterionScore) -> CriterionScore:
    given = (
        "The judge gave no score."
        if score.value is None
        else f"Without this rule the judge’s score was {score.value:g}."
    )
    return replace(
        score,
        status="scored",
        value=float(cap),
        expected=None if score.expected is None else float(cap),
        rationale=f"Set to {cap} because {_within_a_sentence(veto)} {given} "
        f"{score.rationale}".strip(),
        evidence=(veto.quote, *score.evidence) if veto.quote else score.evidence,
        reason="",
    )


def _within_a_sentence(veto: Finding) -> str:
    reason = f"{veto.reason[0].lower()}{veto.reason[1:]}"
    return reason if veto.span == "response" else f"in its {veto.span} {reason}"


def _strictest(
    spec: RubricSpec, criterion: CriterionSpec, vetoes: Sequence[Finding]
) -> tuple[Finding, int] | None:
    """The veto with the cap that is worst for the reply; of several, the first found."""
    found = [
        (veto, cap)
        for veto in vetoes
        if _reads(criterion, veto)
        and caps(spec, veto.veto, criterion)
        and (cap := cap_of(veto.veto, criterion)) is not None
    ]
    worst = -1 if criterion.counts_against else 1
    return min(found, key=lambda pair: worst * pair[1], default=None)


def _reads(criterion: CriterionSpec, veto: Finding) -> bool:
    return "whole" in criterion.spans or veto.span in criterion.spans
