"""A rubric as plain immutable data: its JSON, its hashes, its problems and its total.

The one implementation of the scoring rules; nothing here knows a database or a judge.
Sources of the formulas: HealthBench (arXiv 2505.08775), Rubrics as Rewards (arXiv 2507.17746).
"""

import functools
import hashlib
import math
import re
import types
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import rfc8785

SPEC_FORMAT = 1

Kind = Literal["judge", "check"]
Scale = Literal["levels", "binary", "points"]
Category = Literal["", "essential", "important", "optional", "pitfall"]
SpanName = Literal["understanding", "reasoning", "emotion", "response", "whole"]
Check = Literal["", "format", "emotion_match", "min_words", "max_words", "contains", "lacks"]
Formula = Literal["weighted_mean", "harmonic_mean", "healthbench", "rar"]
Status = Literal["scored", "not_applicable", "failed", "not_scored"]

RAR_WEIGHTS: Mapping[str, float] = {
    "essential": 1.0,
    "important": 0.7,
    "optional": 0.3,
    "pitfall": 0.9,
}
HEALTHBENCH_POINTS = 10.0

# What enters the total only. Nobody who rates a criterion reads these.
_TOTAL_FIELDS = ("weight", "points", "category", "gate")


@dataclass(frozen=True)
class LevelSpec:
    value: int
    label: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class ExemplarSpec:
    text: str
    level: int
    context: str = ""


@dataclass(frozen=True)
class CriterionSpec:
    """One question to a rater (`judge`) or one exact test (`check`).

    `binary` and `points` are the values 0 and 1 and need no levels. `points` are HealthBench's
    signed points, `category` is Rubrics as Rewards', `gate` the level below which the total is 0.
    """

    uid: str
    meaning_id: str
    name: str
    description: str = ""
    use_when: str = ""
    avoid_when: str = ""
    kind: Kind = "judge"
    scale: Scale = "levels"
    levels: tuple[LevelSpec, ...] = ()
    weight: float = 1.0
    points: float | None = None
    category: Category = ""
    gate: int | None = None
    spans: tuple[SpanName, ...] = ("response",)
    check: Check = ""
    check_argument: str = ""
    exemplars: tuple[ExemplarSpec, ...] = ()

    @property
    def level_values(self) -> tuple[int, ...]:
        """The values that a score may take, ascending; empty while no level is written."""
        if self.scale != "levels":
            return (0, 1)
        return tuple(sorted({level.value for level in self.levels}))


@dataclass(frozen=True)
class RubricSpec:
    title: str
    purpose: str = ""
    target: Literal["turn", "dialogue"] = "turn"
    guidance: str = ""
    formula: Formula = "weighted_mean"
    criteria: tuple[CriterionSpec, ...] = ()

    @property
    def judge_criteria(self) -> tuple[CriterionSpec, ...]:
        return tuple(c for c in self.criteria if c.kind == "judge")

    @property
    def checks(self) -> tuple[CriterionSpec, ...]:
        return tuple(c for c in self.criteria if c.kind == "check")


@dataclass(frozen=True)
class Outcome:
    """One criterion's result. `value` is a number exactly when `status` is `scored`."""

    status: Status
    value: float | None = None


@dataclass(frozen=True)
class Problem:
    """A reason that blocks publishing, at a path such as `criteria[2].levels[0].anchor`."""

    path: str
    message: str


class SpecError(ValueError):
    """JSON that is no rubric spec: `path` says where, `explanation` says it for people."""

    def __init__(self, path: str, explanation: str) -> None:
        super().__init__(f"{path}: {explanation}" if path else explanation)
        self.path = path
        self.explanation = explanation


# JSON and hashes


def to_json(spec: RubricSpec) -> dict[str, Any]:
    """The spec as JSON data, `spec_format` included."""
    return {"spec_format": SPEC_FORMAT, **_plain(asdict(spec))}


def from_json(data: Mapping[str, Any]) -> RubricSpec:
    """The inverse of `to_json`. Missing optional fields take their defaults.

    Raises SpecError for another format, an unknown field, a missing one or a wrong type.
    """
    if not isinstance(data, Mapping):
        raise SpecError("", "A rubric is a JSON object.")
    if data.get("spec_format") != SPEC_FORMAT:
        raise SpecError("spec_format", f"This version reads spec_format {SPEC_FORMAT} only.")
    content = {key: value for key, value in data.items() if key != "spec_format"}
    return _read(RubricSpec, content, "")


def spec_hash(spec: RubricSpec) -> str:
    """sha256, in hex, of the spec's RFC 8785 JSON."""
    return _sha256(to_json(spec))


def criterion_hash(criterion: CriterionSpec) -> str:
    """sha256, in hex, of all that bears on a single score.

    Weight, points, category and gate are left out: they enter the total only, so a change of
    them recomputes totals and asks neither people nor judges again.
    """
    content = {k: v for k, v in asdict(criterion).items() if k not in _TOTAL_FIELDS}
    return _sha256({"spec_format": SPEC_FORMAT, **_plain(content)})


def meaning_changed(old: CriterionSpec, new: CriterionSpec) -> bool:
    """Whether scores of `old` can never stand for `new`, whatever the author says."""
    return _meaning(old) != _meaning(new)


def _meaning(criterion: CriterionSpec) -> tuple[Any, ...]:
    return (criterion.kind, criterion.scale, criterion.level_values, frozenset(criterion.spans))


def _sha256(data: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _read(kind: Any, value: Any, path: str) -> Any:
    origin, options = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _read_object(kind, value, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise SpecError(path, "A list was expected.")
        return tuple(_read(options[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin is Literal:
        if value not in options:
            words = ", ".join(repr(option) for option in options)
            raise SpecError(path, f"One of {words} was expected.")
        return value
    if origin is types.UnionType:
        return None if value is None else _read(options[0], value, path)
    return _READERS[kind](value, path)


def _read_object(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise SpecError(path, "An object was expected.")
    known, hints = fields(kind), _type_hints(kind)
    if unknown := sorted(set(map(str, value)) - {field.name for field in known}):
        raise SpecError(path, f"Unknown field: {unknown[0]}.")
    given = {}
    for field in known:
        inner = f"{path}.{field.name}" if path else field.name
        if field.name in value:
            given[field.name] = _read(hints[field.name], value[field.name], inner)
        elif field.default is MISSING:
            raise SpecError(inner, "This field is missing.")
    return kind(**given)


# Read once for each class: drafts of many criteria are read at every save.
_type_hints = functools.cache(get_type_hints)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise SpecError(path, "Text was expected.")
    if _UNSTORABLE.search(value):
        raise SpecError(path, "The text has characters that cannot be stored.")
    return value


def _read_whole_number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
        raise SpecError(path, "A whole number was expected.")
    return value


def _read_number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(path, "A number was expected.")
    if not abs(value) <= 1_000_000:  # written so that NaN is refused too
        raise SpecError(path, "A number of ordinary size was expected.")
    return float(value)


_READERS = {str: _read_text, int: _read_whole_number, float: _read_number}


# Problems


def validate(spec: RubricSpec) -> list[Problem]:
    """The errors that block publishing, in the order of the page; empty if there are none."""
    problems = [
        problem
        for index, criterion in enumerate(spec.criteria)
        for problem in _criterion_problems(criterion, spec.formula, f"criteria[{index}]")
    ]
    return [*_rubric_problems(spec), *problems]


def _rubric_problems(spec: RubricSpec) -> Iterator[Problem]:
    judged = spec.judge_criteria
    if not spec.title.strip():
        yield Problem("title", "The rubric has no title.")
    if not judged:
        yield Problem("criteria", "A rubric needs a criterion that people or judges score.")
    for uid in _repeated(c.uid for c in spec.criteria):
        index = max(i for i, c in enumerate(spec.criteria) if c.uid == uid)
        yield Problem(f"criteria[{index}].uid", "Two criteria have the same identity.")
    if spec.formula in ("weighted_mean", "harmonic_mean"):
        if judged and not any(c.weight > 0 for c in judged):
            yield Problem("criteria", "All weights are zero, so there is no total.")
    elif spec.formula == "healthbench" and not any((c.points or 0) > 0 for c in judged):
        yield Problem("criteria", "No criterion has positive points, so there is no total.")


def _criterion_problems(c: CriterionSpec, formula: Formula, path: str) -> Iterator[Problem]:
    if not c.name.strip():
        yield Problem(f"{path}.name", "The criterion has no name.")
    if c.kind == "check":
        yield from _check_problems(c, path)
        return
    if not c.spans:
        yield Problem(f"{path}.spans", "The criterion reads no span of the reply.")
    yield from _level_problems(c, path)
    yield from _formula_problems(c, formula, path)
    if c.gate is not None and c.gate not in c.level_values:
        yield Problem(f"{path}.gate", f"The gate {c.gate} is not one of the levels.")
    for index, exemplar in enumerate(c.exemplars):
        if not exemplar.text.strip():
            yield Problem(f"{path}.exemplars[{index}].text", "The exemplar has no text.")
        if exemplar.level not in c.level_values:
            message = f"The exemplar shows level {exemplar.level}, which the scale lacks."
            yield Problem(f"{path}.exemplars[{index}].level", message)


def _level_problems(c: CriterionSpec, path: str) -> Iterator[Problem]:
    values = [level.value for level in c.levels]
    if repeated := _repeated(values):
        yield Problem(f"{path}.levels", f"Level {repeated[0]} is there twice.")
    if c.scale != "levels":
        if values and set(values) != {0, 1}:
            yield Problem(f"{path}.levels", "This scale has the values 0 and 1.")
        return
    if len(values) < 2:
        yield Problem(f"{path}.levels", "A scale needs at least two levels.")
    for index, level in enumerate(c.levels):
        if not level.anchor.strip():
            message = f"Level {level.value} has no anchor: what can a rater see in the text?"
            yield Problem(f"{path}.levels[{index}].anchor", message)


def _formula_problems(c: CriterionSpec, formula: Formula, path: str) -> Iterator[Problem]:
    if not math.isfinite(c.weight) or c.weight < 0:
        yield Problem(f"{path}.weight", "A weight is zero or more.")
    if formula == "healthbench":
        if c.scale != "points":
            yield Problem(f"{path}.scale", "HealthBench scores signed points only.")
        if not c.points or abs(c.points) > HEALTHBENCH_POINTS:
            yield Problem(f"{path}.points", "Points go from -10 to 10 and are not 0.")
    elif c.scale == "points":
        yield Problem(f"{path}.scale", "Only the HealthBench formula reads signed points.")
    if formula == "rar" and not c.category:
        yield Problem(f"{path}.category", "Rubrics as Rewards needs a category.")
    if formula == "harmonic_mean" and any(value < 0 for value in c.level_values):
        yield Problem(f"{path}.levels", "The harmonic mean needs levels from zero upwards.")


def _check_problems(c: CriterionSpec, path: str) -> Iterator[Problem]:
    if not c.check:
        yield Problem(f"{path}.check", "Choose what this check tests.")
    if c.check in ("min_words", "max_words") and not _is_count(c.check_argument):
        yield Problem(f"{path}.check_argument", "Give a number of words.")
    if c.check in ("contains", "lacks") and not c.check_argument.strip():
        yield Problem(f"{path}.check_argument", "Give the words to look for, one phrase a line.")
    if c.gate is not None:
        yield Problem(f"{path}.gate", "A check stays outside the total, so it cannot be a gate.")


def _is_count(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit()


def _repeated(values: Any) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


# The total


def total(spec: RubricSpec, outcomes: Mapping[str, Outcome]) -> float | None:
    """The total over the judge criteria, by uid; None where it is undefined.

    A criterion without an outcome, failed or not scored makes it undefined; a criterion that is
    not applicable is left out. A scored value below its gate makes it 0. It lies in 0 to 1, but
    for HealthBench, whose single examples are at most 1 and not clipped.
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
    return 0.0 if gated and score is not None else score


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
    gates = [
        f"If {c.name} is below {c.gate}, the total is 0."
        for c in spec.judge_criteria
        if c.gate is not None
    ]
    return " ".join([_WORDS[spec.formula].format(criteria=criteria), *gates])


_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
_WORDS = {
    "weighted_mean": "The weighted mean of the {criteria}, from 0 to 1.",
    "harmonic_mean": "The weighted harmonic mean of the {criteria}, each as a share of its "
    "highest level, from 0 to 1: one low score pulls the total down.",
    "healthbench": "The points of the criteria that are met, of {criteria}, divided by the sum "
    "of all positive points. Points below zero count against the reply.",
    "rar": "The share of the {criteria} that is met, where essential counts 1, important 0.7, "
    "optional 0.3 and a pitfall avoided 0.9, from 0 to 1.",
}
