"""GRPO with TRL: rollouts, their rewards, and what a step reports."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase as Tokenizer
from trl import GRPOConfig, GRPOTrainer

from rubrics.judging.spans import parse_spans
from training.trainer.callbacks import StepReport
from training.trainer.config import RunSpec
from training.trainer.data import Row, in_training_order
from training.trainer.events import EventLog
from training.trainer.lora import adapter_config
from training.trainer.rating import Rater
from training.trainer.rewards import Rollout, score_rollouts
from training.trainer.strict import ConfigError
from webapp.llm.call_record import CallRecord


class Reward:
    """TRL's reward function: rates a step's rollouts and keeps them for its events."""

    __name__ = "reward"  # TRL's name for the function in its logs

    def __init__(self, spec: RunSpec, rows: Sequence[Row], rater: Rater, events: EventLog) -> None:
        self._spec = spec
        self._rows = rows
        self._rater = rater
        self._events = events
        self._rollouts: list[Rollout] = []

    def __call__(
        self, *, completions: list[list[dict[str, str]]], row: list[int], **_: Any
    ) -> list[float | None]:
        """One reward a completion; `row` is the dataset's column that points to the data row."""
        rows = [self._rows[index] for index in row]
        replies = [completion[0]["content"] for completion in completions]
        self._rollouts = score_rollouts(
            rows,
            replies,
            self._rater.rate(rows, replies),
            rubric=self._rater.rubric,
            weights=self._spec.reward,
            group_size=self._spec.grpo.rollouts_per_prompt,
        )
        return [rollout.reward for rollout in self._rollouts]

    def report(self, step: int) -> dict[str, float]:
        """Write the step's rollouts and judge calls as events; returns the step's own metrics."""
        groups: dict[str, dict[str, Any]] = {}
        for rollout in self._rollouts:
            group = groups.setdefault(rollout.row.id, _group(rollout.row))
            group["rollouts"].append(_rollout(rollout))
        self._events.append("rollouts", step=step, groups=list(groups.values()))
        calls = [
            {"prompt_id": rollout.row.id, "index": rollout.index, **_call(call)}
            for rollout in self._rollouts
            for call in rollout.result.calls
        ]
        if calls:
            self._events.append("judge_calls", step=step, calls=calls)
        skipped = sum(
            all(rollout["reward"] is None for rollout in group["rollouts"])
            for group in groups.values()
        )
        return _values(self._rollouts, self._rater) | {"groups_skipped": float(skipped)}


def _call(call: CallRecord) -> dict[str, Any]:
    asked_at = call.asked_at.isoformat() if call.asked_at else None
    return {**asdict(call), "asked_at": asked_at}


def grpo_trainer(
    spec: RunSpec,
    rows: Sequence[Row],
    rater: Rater,
    tokenizer: Tokenizer,
    work: Path,
    events: EventLog,
) -> tuple[GRPOTrainer, StepReport]:
    """TRL's trainer for the spec, and what reports its steps. Raises ConfigError."""
    settings, per_step = spec.grpo, spec.grpo.prompts_per_step
    if len(rows) < per_step:
        reason = f"There are {len(rows)} prompts, but each step needs {per_step}."
        raise ConfigError("data.train", reason)
    ordered = in_training_order(rows, settings.steps * per_step, spec.seed, per_step=per_step)
    reward = Reward(spec, ordered, rater, events)
    trainer = GRPOTrainer(
        model=str(spec.model),
        processing_class=tokenizer,
        reward_funcs=[reward],
        args=grpo_config(spec, work),
        train_dataset=Dataset.from_list(
            [{"prompt": row.messages, "row": index} for index, row in enumerate(ordered)]
        ),
        peft_config=adapter_config(spec.lora),
    )
    return trainer, reward.report


def grpo_config(spec: RunSpec, work: Path) -> GRPOConfig:
    """TRL's settings. Its defaults are made for one large GPU; these also learn on a CPU."""
    settings = spec.grpo
    at_once = settings.micro_batch or settings.batch_size
    on_gpu = torch.cuda.is_available()
    return GRPOConfig(
        output_dir=str(work),
        seed=spec.seed,
        max_steps=settings.steps,
        # TRL writes the replies of a whole step together and takes the gradient part by part.
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=settings.batch_size // at_once,
        num_generations=settings.rollouts_per_prompt,
        # The rows are laid out in their order already.
        shuffle_dataset=False,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant",
        beta=settings.beta,
        loss_type=settings.loss_type,
        scale_rewards="group",
        epsilon=settings.epsilon,
        epsilon_high=settings.epsilon_high,
        # Masked, an overlong reply would never be told that it is overlong.
        mask_truncated_completions=False,
        max_completion_length=settings.max_completion_tokens,
        temperature=settings.temperature,
        model_init_kwargs={"dtype": "float32"},
        use_cpu=not on_gpu,
        bf16=on_gpu,
        gradient_checkpointing=on_gpu,
        logging_steps=1,
        save_strategy="steps",
        save_steps=settings.save_every,
        report_to=[],
        disable_tqdm=True,
    )


def _group(row: Row) -> dict[str, Any]:
    return {
        "prompt_id": row.id,
        "emotion": row.emotion,
        "prompt_tail": row.prompt_tail,
        "rollouts": [],
    }


def _rollout(rollout: Rollout) -> dict[str, Any]:
    spans = parse_spans(rollout.raw).spans
    return {
        "index": rollout.index,
        "raw": rollout.raw,
        "spans": asdict(spans) if spans else None,
        "format": rollout.format,
        "emotion": rollout.emotion,
        "scores": {
            uid: {
                "status": score.status,
                "value": score.value,
                "rationale": score.rationale or score.reason,
            }
            for uid, score in rollout.result.scores.items()
        },
        "rubric": rollout.rubric,
        "reward": rollout.reward,
        "advantage": rollout.advantage,
        "cut": rollout.result.cut,
    }


def _values(rollouts: Sequence[Rollout], rater: Rater) -> dict[str, float]:
    columns = {
        "format": [rollout.format for rollout in rollouts],
        "emotion": [r.emotion for r in rollouts if r.emotion is not None],
        "rubric": [r.rubric for r in rollouts if r.rubric is not None],
    }
    for criterion in rater.rubric.judge_criteria:
        scores = [rollout.result.scores[criterion.uid] for rollout in rollouts]
        columns[f"criterion/{criterion.uid}"] = [s.value for s in scores if s.value is not None]
    values = {name: sum(column) / len(column) for name, column in columns.items() if column}
    return values | {"judge_failures": float(sum(r.rubric is None for r in rollouts))}
