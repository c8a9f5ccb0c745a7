"""Rubrics, their versions and specs, and judges."""

from rubrics.models.judge import Judge, JudgeCall
from rubrics.models.publishing import MeaningChange, Review
from rubrics.models.rubric import Criterion, Level, Rubric, RubricVersion, Spec
from rubrics.models.writing import DraftField

__all__ = [
    "Criterion",
    "DraftField",
    "Judge",
    "JudgeCall",
    "Level",
    "MeaningChange",
    "Review",
    "Rubric",
    "RubricVersion",
    "Spec",
]
