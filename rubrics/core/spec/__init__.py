"""A rubric as plain immutable data: its JSON, its hashes, its problems and its total.

The one implementation of the scoring rules; nothing here knows a database or a judge.
"""

from rubrics.core.spec.content import (
    SpecError,
    criterion_hash,
    effect_of,
    from_json,
    meaning_changed,
    spec_hash,
    to_json,
)
from rubrics.core.spec.model import (
    HEALTHBENCH_POINTS,
    RAR_WEIGHTS,
    SPEC_FORMAT,
    Category,
    Check,
    CriterionSpec,
    ExemplarSpec,
    Formula,
    Kind,
    LevelSpec,
    RubricSpec,
    Scale,
    SpanName,
    Status,
    VetoName,
    VetoSpec,
)
from rubrics.core.spec.problems import Problem, validate
from rubrics.core.spec.scoring import Outcome, formula_in_words, total
from rubrics.core.spec.vetoes import VETOES, cap_of, caps, changed_veto, criteria_capped

__all__ = [
    "HEALTHBENCH_POINTS",
    "RAR_WEIGHTS",
    "SPEC_FORMAT",
    "VETOES",
    "Category",
    "Check",
    "CriterionSpec",
    "ExemplarSpec",
    "Formula",
    "Kind",
    "LevelSpec",
    "Outcome",
    "Problem",
    "RubricSpec",
    "Scale",
    "SpanName",
    "SpecError",
    "Status",
    "VetoName",
    "VetoSpec",
    "cap_of",
    "caps",
    "changed_veto",
    "criteria_capped",
    "criterion_hash",
    "effect_of",
    "formula_in_words",
    "from_json",
    "meaning_changed",
    "spec_hash",
    "to_json",
    "total",
    "validate",
]
