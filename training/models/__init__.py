"""Training runs, the checkpoints they leave, the gate before them, and evaluations after them."""

from training.models.checkpoints import Checkpoint, FetchFile, ModelFetch
from training.models.evaluations import (
    Answer,
    AnswerRating,
    EvaluatedSystem,
    EvaluationComparison,
    EvaluationJudge,
    EvaluationRun,
)
from training.models.gate import GateRule
from training.models.runs import Metric, Rollout, TrainingEvaluationJudge, TrainingRun

__all__ = [
    "Answer",
    "AnswerRating",
    "Checkpoint",
    "EvaluatedSystem",
    "EvaluationComparison",
    "EvaluationJudge",
    "EvaluationRun",
    "FetchFile",
    "GateRule",
    "Metric",
    "ModelFetch",
    "Rollout",
    "TrainingEvaluationJudge",
    "TrainingRun",
]
