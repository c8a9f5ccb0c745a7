"""Supervised fine-tuning with TRL: the cold start."""

from collections.abc import Sequence
from pathlib import Path

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase as Tokenizer
from trl import SFTConfig, SFTTrainer

from training.trainer.callbacks import StepReport
from training.trainer.config import RunSpec
from training.trainer.data import Row, in_training_order
from training.trainer.lora import adapter_config
from training.trainer.strict import ConfigError


def sft_trainer(
    spec: RunSpec,
    rows: Sequence[Row],
    validation: Sequence[Row],
    tokenizer: Tokenizer,
    work: Path,
) -> tuple[SFTTrainer, StepReport]:
    """TRL's trainer for the spec, and what reports its steps.

    Raises ConfigError where a row has no completion.
    """
    _require_completions(rows, "train")
    _require_completions(validation, "validation")
    settings, size = spec.sft, spec.sft.batch_size
    ordered = in_training_order(
        rows, settings.steps * size, spec.seed, per_step=min(size, len(rows))
    )
    trainer = SFTTrainer(
        model=str(spec.model),
        processing_class=tokenizer,
        args=sft_config(spec, work, validates=bool(validation)),
        train_dataset=_dataset(ordered),
        eval_dataset=_dataset(validation) if validation else None,
        peft_config=adapter_config(spec.lora),
    )
    return trainer, _nothing_to_add


def _require_completions(rows: Sequence[Row], role: str) -> None:
    for number, row in enumerate(rows, start=1):
        if not row.completion:
            reason = "SFT needs a reply to imitate."
            raise ConfigError(f"data.{role}[line {number}].completion", reason)


def _dataset(rows: Sequence[Row]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "prompt": row.messages,
                "completion": [{"role": "assistant", "content": row.completion}],
            }
            for row in rows
        ]
    )


def _nothing_to_add(step: int) -> dict[str, float]:
    return {}


def sft_config(spec: RunSpec, work: Path, *, validates: bool) -> SFTConfig:
    """TRL's settings; the loss is on the completion only."""
    settings = spec.sft
    at_once = settings.micro_batch or settings.batch_size
    on_gpu = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(work),
        seed=spec.seed,
        max_steps=settings.steps,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=settings.batch_size // at_once,
        per_device_eval_batch_size=at_once,
        eval_strategy="steps" if validates else "no",
        eval_steps=settings.validate_every,
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        completion_only_loss=True,
        max_length=None,
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
