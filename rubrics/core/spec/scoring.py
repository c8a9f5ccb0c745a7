"""The one implementation of the totals.

Sources of the formulas: HealthBench (arXiv 2505.08775), Rubrics as Rewards (arXiv 2507.17746).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rubrics.core.spec.model import RAR_WEIGHTS, CriterionSpec, RubricSpec, Status


@dataclass(frozen=True)
class Outcome:
    """One criterion's result. `value` is a number exactly when `status` is `scored`."""

    status: Status
    value: float | None = None


def total(spec: RubricSpec, outcomes: Mapping[str, Outcome]) -> float | None:
    """The total over the judge criteria, by uid; None where it is undefined.

    A criterion without an outcome, failed or not scored makes it undefined; a criterion that is
    not applicable is left out. A scored value below its gate makes it at most 0. It lies in 0 to
    1, but for HealthBench, whose single examples are at most 1 and not clipped.
    Raises ValueError for a value outside its criterion's scale.
    """
    scored = []
    for criterion in spec.judge_criteria:
        outcome = outcomes.get(criterion.uid, Outcome("not_scored"))
        if outcome.status == "scored" and outcome.value is not None:
            _check_range(criterion, outcome.value)
            scored.append((criterion, outcome.value))
        elif outcome.status != "not_applicable":
            return None
    score = _FORMULAS[spec.formula](scored)
    gated = any(c.gate is not None and value < c.gate for c, value in scored)
    return min(0.0, score) if gated and score is not None else score


_Scored = list[tuple[CriterionSpec, float]]


def _weighted_mean(scored: _Scored) -> float | None:
    return _mean([(c.weight, _from_min(c, value)) for c, value in scored])


def _harmonic_mean(scored: _Scored) -> float | None:
    weighed = [(c, value) for c, value in scored if c.weight > 0]
    if not weighed:
        return None
    if any(value <= 0 for _, value in weighed):
        return 0.0
    parts = [(c.weight, value / c.level_values[-1]) for c, value in weighed]
    weights = math.fsum(weight for weight, _ in parts)
    return min(1.0, weights / math.fsum(weight / share for weight, share in parts))


def _healthbench(scored: _Scored) -> float | None:
    points = [(c.points or 0.0, _from_min(c, value)) for c, value in scored]
    positive = math.fsum(p for p, _ in points if p > 0)
    return math.fsum(p * met for p, met in points) / positive if positive else None


def _rar(scored: _Scored) -> float | None:
    if any(not c.category for c, _ in scored):
        return None
    return _mean([(RAR_WEIGHTS[c.category], _from_min(c, value)) for c, value in scored])


_FORMULAS = {
    "weighted_mean": _weighted_mean,
    "harmonic_mean": _harmonic_mean,
    "healthbench": _healthbench,
    "rar": _rar,
}


def _mean(parts: list[tuple[float, float]]) -> float | None:
    weights = math.fsum(weight for weight, _ in parts)
    if not weights:
        return None
    return min(1.0, math.fsum(weight * share for weight, share in parts) / weights)


def _from_min(criterion: CriterionSpec, value: float) -> float:
    low, high = criterion.level_values[0], criterion.level_values[-1]
    return (value - low) / (high - low)


def _check_range(criterion: CriterionSpec, value: float) -> None:
    values = criterion.level_values
    if len(values) < 2 or not values[0] <= value <= values[-1]:
        raise ValueError(f"{value} is outside the scale of {criterion.name or criterion.uid}.")


def formula_in_words(spec: RubricSpec) -> str:
    """The total as one or more sentences for the page."""
    n = len(spec.judge_criteria)
    criteria = "one criterion" if n == 1 else f"{_NUMBERS.get(n, str(n))} criteria"
    gated = "at most 0" if spec.formula == "healthbench" else "0"
    gates = [
        f"If {c.name} is below {c.gate}, the total is {gated}."
        for c in spec.judge_criteria
        if c.gate is not None
    ]
    return " ".join([_WORDS[spec.formula].format(criteria=criteria), *gates])


_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
_WORDS = {
    "weighted_mean": "The weighted mean of the {criteria}, from 0 to 1.",
    "harmonic_mean": "The weighted harmonic mean of the {criteria}, each as a share of its "
    "highest level, from 0 to 1. One low score pulls the total down.",
    "healthbench": "The points of the criteria that are met, of {criteria}, divided by the sum "
    "of all positive points. Points below zero count against the reply. As a reward, a total below "
    "0 counts as 0.",
    "rar": "The share of the {criteria} that is met, where essential counts 1, important 0.7, "
    "optional 0.3 and a pitfall avoided 0.9, from 0 to 1.",
}
