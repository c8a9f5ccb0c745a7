"""Rubrics, their versions and specs, and judges."""

from rubrics.models.judge import Judge, JudgeCall
from rubrics.models.rubric import Criterion, Level, Rubric, RubricVersion, Spec

__all__ = ["Criterion", "Judge", "JudgeCall", "Level", "Rubric", "RubricVersion", "Spec"]
