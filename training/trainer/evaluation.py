"""Figures on held-out prompts, with 95 % bootstrap intervals: before and after a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from rubrics.core.spec import RubricSpec
from rubrics.judging.judge import reward_parts
from rubrics.judging.results import JudgeResult
from training.trainer.config import RewardSection
from training.trainer.data import Row
from training.trainer.generation import generate_replies
from training.trainer.rating import Rater
from training.trainer.rewards import reward_of

RESAMPLES = 1000
Figure = dict[str, float | int]


@dataclass(frozen=True)
class Evaluator:
    """Asks a model every held-out prompt, greedily, and rates its replies."""

    rows: Sequence[Row]
    rater: Rater
    weights: RewardSection
    tokenizer: Tokenizer
    max_tokens: int
    seed: int
    between_batches: Callable[[], None]

    def evaluate(self, model: PreTrainedModel) -> dict[str, Figure]:
        """Figures by name: `format`, `emotion` (shares), `rubric` (0-1), `reward`,
        `criterion/<uid>` (levels), `length` (words of the response), each {"value", "low",
        "high", "n"}.

        A failed judgement is left out of its figures, so their n is smaller.
        """
        was_training = model.training
        model.eval()
        replies = generate_replies(
            model,
            self.tokenizer,
            [row.messages for row in self.rows],
            max_tokens=self.max_tokens,
            between_batches=self.between_batches,
        )
        model.train(was_training)
        results = self.rater.rate(self.rows, replies)
        columns = _columns(results, self.rater.rubric, self.weights)
        columns["length"] = [
            float(len(row.judge_input("", raw).context["candidate"]["response"].split()))
            for row, raw in zip(self.rows, replies, strict=True)
        ]
        rng = np.random.default_rng(self.seed)
        return {name: _figure(values, rng) for name, values in columns.items() if values}


def _columns(
    results: Sequence[JudgeResult], rubric: RubricSpec, weights: RewardSection
) -> dict[str, list[float]]:
    parts = [reward_parts(result, rubric) for result in results]
    columns = {
        name: [value for part in parts if (value := part[name]) is not None]
        for name in ("format", "emotion", "rubric")
    }
    columns["reward"] = [reward_of(part, weights) for part in parts if part["rubric"] is not None]
    for criterion in rubric.judge_criteria:
        scores = [result.scores[criterion.uid] for result in results]
        columns[f"criterion/{criterion.uid}"] = [s.value for s in scores if s.value is not None]
    return columns


def _figure(values: Sequence[float], rng: np.random.Generator) -> Figure:
    """The mean with its percentile bootstrap interval over prompts."""
    sample = np.asarray(values, dtype=float)
    draws = rng.integers(0, len(sample), size=(RESAMPLES, len(sample)))
    low, high = np.percentile(sample[draws].mean(axis=1), [2.5, 97.5])
    return {
        "value": float(sample.mean()),
        "low": float(low),
        "high": float(high),
        "n": len(sample),
    }
