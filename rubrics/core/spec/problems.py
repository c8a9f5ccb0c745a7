"""What blocks publishing: a rubric that is not finished or contradicts itself."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rubrics.core.spec.model import HEALTHBENCH_POINTS, CriterionSpec, Formula, RubricSpec
from rubrics.core.spec.vetoes import VETOES, cap_of

# Of a number of words. Python reads no number of thousands of digits.
MAX_DIGITS = 6


@dataclass(frozen=True)
class Problem:
    """A reason that blocks publishing, at a path such as `criteria[2].levels[0].anchor`."""

    path: str
    message: str


def validate(spec: RubricSpec) -> list[Problem]:
    """The errors that block publishing, in the order of the page; empty if there are none."""
    problems = [
        problem
        for index, criterion in enumerate(spec.criteria)
        for problem in _criterion_problems(criterion, spec.formula, f"criteria[{index}]")
    ]
    return [*_rubric_problems(spec), *problems, *_veto_problems(spec)]


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
        yield Problem(
            f"{path}.spans",
            "The rater of this criterion has nothing to read. Choose a span of the reply.",
        )
    yield from _level_problems(c, path)
    yield from _formula_problems(c, formula, path)
    if c.gate is not None and c.gate not in c.level_values:
        yield Problem(f"{path}.gate", f"The gate {c.gate} is not one of the levels.")
    for index, exemplar in enumerate(c.exemplars):
        if not exemplar.text.strip():
            yield Problem(f"{path}.exemplars[{index}].text", "The exemplar has no text.")
        if exemplar.level not in c.level_values:
            message = f"The exemplar shows level {exemplar.level}, but the scale has no such level."
            yield Problem(f"{path}.exemplars[{index}].level", message)


def _level_problems(c: CriterionSpec, path: str) -> Iterator[Problem]:
    values = [level.value for level in c.levels]
    if repeated := _repeated(values):
        yield Problem(f"{path}.levels", f"Level {repeated[0]} appears twice.")
    if c.scale != "levels":
        if values and set(values) != {0, 1}:
            yield Problem(f"{path}.levels", "This scale can only have the values 0 and 1.")
        return
    if len(values) < 2:
        yield Problem(f"{path}.levels", "A scale needs at least two levels.")
    for index, level in enumerate(c.levels):
        if not level.anchor.strip():
            message = f"Level {level.value} has no anchor. Say what a rater can see in the text."
            yield Problem(f"{path}.levels[{index}].anchor", message)


def _formula_problems(c: CriterionSpec, formula: Formula, path: str) -> Iterator[Problem]:
    if not math.isfinite(c.weight) or c.weight < 0:
        yield Problem(f"{path}.weight", "A weight must be zero or more.")
    if formula == "healthbench":
        if c.scale != "points":
            yield Problem(
                f"{path}.scale", "The HealthBench formula needs the scale “Signed points”."
            )
        if not c.points or abs(c.points) > HEALTHBENCH_POINTS:
            yield Problem(f"{path}.points", "Points must be from -10 to 10, and not 0.")
    elif c.scale == "points":
        yield Problem(
            f"{path}.scale", "Signed points are for the HealthBench formula. Choose another scale."
        )
    if formula == "rar" and not c.category:
        yield Problem(f"{path}.category", "Rubrics as Rewards needs a category: choose one.")
    if formula == "harmonic_mean" and any(value < 0 for value in c.level_values):
        yield Problem(f"{path}.levels", "The harmonic mean needs levels from zero upwards.")


def _check_problems(c: CriterionSpec, path: str) -> Iterator[Problem]:
    if not c.check:
        yield Problem(f"{path}.check", "Choose what this check tests.")
    if c.check in ("min_words", "max_words") and not _is_count(c.check_argument):
        yield Problem(f"{path}.check_argument", "Give a number of words.")
    if c.check in ("contains", "lacks") and not c.check_argument.strip():
        yield Problem(f"{path}.check_argument", "Give the words to look for, one phrase per line.")
    if c.gate is not None:
        yield Problem(f"{path}.gate", "A check is not part of the total, so it can’t be a gate.")


def _veto_problems(spec: RubricSpec) -> Iterator[Problem]:
    known = {c.uid: c for c in spec.judge_criteria}
    changed = set()
    for index, entry in enumerate(spec.vetoes):
        path, name = f"vetoes[{index}]", f"“{VETOES[entry.veto]}”"
        if spec.target == "dialogue":
            yield Problem(path, "Vetoes are about replies. This rubric rates whole dialogues.")
        if entry.veto in changed:
            yield Problem(path, f"The veto {name} is changed twice.")
        changed.add(entry.veto)
        if not entry.reason.strip():
            yield Problem(f"{path}.reason", f"Say why the veto {name} is changed.")
        for uid in entry.criteria:
            c = known.get(uid)
            if c is None:
                message = f"The veto {name} names a criterion that no judge scores here."
                yield Problem(f"{path}.criteria", message)
            elif c.counts_against and cap_of(entry.veto, c) is None:
                message = f"The veto {name} has no effect on {c.name}, whose points are below zero."
                yield Problem(f"{path}.criteria", message)
            elif len(c.level_values) == 2 and cap_of(entry.veto, c) is None:
                message = f"The veto {name} caps at the middle of a scale. {c.name} has no middle."
                yield Problem(f"{path}.criteria", message)


def _is_count(text: str) -> bool:
    """Whether it is a number of words that a text may have."""
    digits = text.strip()
    return digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS


def _repeated(values: Any) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]
