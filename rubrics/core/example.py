"""What the formula makes of one set of scores: the example beside the scoring rule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rubrics.core.spec import CriterionSpec, Outcome, RubricSpec, total


@dataclass(frozen=True)
class Step:
    """What one level more would do to the total; None at the top or where there is no total."""

    uid: str
    gain: float | None


@dataclass(frozen=True)
class Example:
    """`without_gates` is the total if no gate had closed; `closed` are the gates that did."""

    total: float | None
    without_gates: float | None
    closed: tuple[CriterionSpec, ...]
    steps: tuple[Step, ...]


def example_of(spec: RubricSpec, values: Mapping[str, int]) -> Example:
    """`values` are by uid; a criterion without one, or with one off its scale, has its middle
    level. All figures are `rubrics.core.spec.total`'s."""
    given = {c.uid: _value(c, values) for c in spec.judge_criteria if len(c.level_values) > 1}
    judged = spec.judge_criteria
    open_spec = replace(spec, criteria=tuple(replace(c, gate=None) for c in judged))
    closed = tuple(c for c in judged if c.gate is not None and given.get(c.uid, c.gate) < c.gate)
    now = _total(spec, given)
    return Example(
        total=now,
        without_gates=_total(open_spec, given),
        closed=closed,
        steps=tuple(Step(c.uid, _gain(spec, c, given, now)) for c in judged),
    )


def _value(c: CriterionSpec, values: Mapping[str, int]) -> int:
    possible = c.level_values
    value = values.get(c.uid)
    return value if value in possible else possible[len(possible) // 2]


def _gain(
    spec: RubricSpec, c: CriterionSpec, given: Mapping[str, int], now: float | None
) -> float | None:
    higher = [value for value in c.level_values if c.uid in given and value > given[c.uid]]
    if now is None or not higher:
        return None
    then = _total(spec, {**given, c.uid: higher[0]})
    return None if then is None else then - now


def _total(spec: RubricSpec, values: Mapping[str, int]) -> float | None:
    return total(spec, {uid: Outcome("scored", float(value)) for uid, value in values.items()})
