"""The one rating path: playground, critique, judge runs, evaluation and reward call `rate`."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from rubrics.core.spec import CriterionSpec, RubricSpec, total
from rubrics.judging.checks import run_check
from rubrics.judging.inputs import JudgeInput, judged_text, readable_criteria
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.judging.vetoes.capping import capped
from rubrics.judging.vetoes.found import find_vetoes


class Scorer(Protocol):
    """Scores the judge criteria of every input, in the order of the inputs."""

    async def score(self, spec: RubricSpec, inputs: Sequence[JudgeInput]) -> list[JudgeResult]: ...


async def rate(spec: RubricSpec, inputs: Sequence[JudgeInput], judge: Scorer) -> list[JudgeResult]:
    """Every criterion of the spec for every input: the exact checks and the judge's scores, which
    are capped where the reply falls under a veto.

    What a judge leaves out is `not_scored`. A reply without a word gets the lowest level and
    is not sent to the judge: as a failure it would take the mean of its group in a reward.
    """
    to_judge = [item for item in inputs if not _is_empty(spec, item)]
    judged = iter(await judge.score(spec, to_judge))
    return [
        _complete(spec, item, JudgeResult(item.key, {}) if _is_empty(spec, item) else next(judged))
        for item in inputs
    ]


def rate_sync(spec: RubricSpec, inputs: Sequence[JudgeInput], judge: Scorer) -> list[JudgeResult]:
    """`rate` for callers without an event loop."""
    return asyncio.run(rate(spec, inputs, judge))


def reward_parts(result: JudgeResult, spec: RubricSpec) -> dict[str, float | None]:
    """The reward of a rollout: `format`, `emotion` and `rubric` in 0 to 1, and `total`, their mean.

    A part is None where the rubric has no such check, where it is not applicable or where it is
    undefined. HealthBench's totals below 0 are 0 here. The total leaves out the first two and is
    undefined, None, with the third.
    """
    parts = {
        "format": _check_value(spec, result, "format"),
        "emotion": _check_value(spec, result, "emotion_match"),
        "rubric": _clipped(total(spec, result.outcomes)),
    }
    present = [value for value in parts.values() if value is not None]
    defined = parts["rubric"] is not None
    return {**parts, "total": math.fsum(present) / len(present) if defined else None}


def _clipped(value: float | None) -> float | None:
    return None if value is None else min(1.0, max(0.0, value))


def _is_empty(spec: RubricSpec, item: JudgeInput) -> bool:
    return spec.target == "turn" and not item.context["candidate"]["response"].strip()


def _complete(spec: RubricSpec, item: JudgeInput, judged: JudgeResult) -> JudgeResult:
    readable = {criterion.uid for criterion in readable_criteria(spec, item.context)}
    vetoes = find_vetoes(item.context) if spec.target == "turn" and judged.scores else []
    scores = {}
    for criterion in spec.criteria:
        if criterion.kind == "check":
            scores[criterion.uid] = run_check(spec, criterion, item.context)
        elif criterion.uid in readable and criterion.uid in judged.scores:
            scores[criterion.uid] = capped(spec, criterion, judged.scores[criterion.uid], vetoes)
        else:
            scores[criterion.uid] = _without_judge(spec, criterion, item)
    return replace(judged, scores=scores, cut=max(judged.cut, item.context["cut"]))


def _without_judge(spec: RubricSpec, criterion: CriterionSpec, item: JudgeInput) -> CriterionScore:
    if len(criterion.level_values) < 2:
        return CriterionScore(criterion.uid, "not_scored", reason="The criterion has no scale.")
    if _is_empty(spec, item):
        return _lowest(criterion, "The reply is empty.")
    if not judged_text(spec, criterion, item.context):
        if spec.target == "dialogue":
            reason = "The dialogue has no turn of the supporter."
            return CriterionScore(criterion.uid, "not_applicable", reason=reason)
        # As not applicable, leaving a span out would raise the total.
        return _lowest(criterion, "The reply does not have the spans that this criterion reads.")
    return CriterionScore(criterion.uid, "not_scored", reason="The judge left it out.")


def _lowest(criterion: CriterionSpec, why: str) -> CriterionScore:
    """The lowest level. Of a criterion that counts against a reply it says that it is not met."""
    return CriterionScore(
        criterion.uid,
        "scored",
        value=float(min(criterion.level_values)),
        rationale=f"{why} It gets the lowest level without asking the judge.",
    )


def _check_value(spec: RubricSpec, result: JudgeResult, check: str) -> float | None:
    values = [result.scores[c.uid].value for c in spec.checks if c.check == check]
    return values[0] if values else None
