"""Supervised fine-tuning with TRL: the cold start."""

from collections.abc import Sequence
from os.path import commonprefix
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase as Tokenizer
from trl import SFTConfig, SFTTrainer

from training.trainer.callbacks import StepReport
from training.trainer.config import RunSpec
from training.trainer.data import Conversation, Row, in_training_order
from training.trainer.generation import bfloat16_is_faster
from training.trainer.lengths import context_of
from training.trainer.lora import adapter_config
from training.trainer.strict import ConfigError

# Tokens of a sample and their labels, as TRL takes them.
Sample = dict[str, list[int]]
_NOT_LEARNED = -100


def sft_trainer(
    spec: RunSpec,
    rows: Sequence[Row],
    validation: Sequence[Row],
    conversations: Sequence[Conversation],
    tokenizer: Tokenizer,
    work: Path,
) -> tuple[SFTTrainer, StepReport]:
    """TRL's trainer for the spec, and what reports its steps. `conversations` are the seeker's
    sides of dialogues, to be learned together with the replies of `rows`.

    Raises ConfigError where a row has no completion, or a conversation's first message of the
    seeker is longer than what the model reads.
    """
    _require_completions(rows, "train")
    _require_completions(validation, "validation")
    context = context_of(spec.model)
    samples = [
        *_replies(rows, tokenizer),
        *(_seekers_side(each, tokenizer, context) for each in conversations),
    ]
    settings, size = spec.sft, spec.sft.batch_size
    ordered = in_training_order(
        samples, settings.steps * size, spec.seed, per_step=min(size, len(samples))
    )
    trainer = _SftTrainer(
        model=str(spec.model),
        processing_class=tokenizer,
        args=sft_config(spec, work, validates=bool(validation)),
        train_dataset=Dataset.from_list(ordered),
        eval_dataset=Dataset.from_list(_replies(validation, tokenizer)) if validation else None,
        peft_config=adapter_config(spec.lora),
    )
    return trainer, _nothing_to_add


class _SftTrainer(SFTTrainer):
    """TRL's trainer. Without a graphics card, TRL 1.16 computes the logits of prompts too, which
    have no loss: half of the time of a small model with a large vocabulary."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        if inputs["labels"].device.type != "cpu":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"][:, 1:]
        kept = (labels != _NOT_LEARNED).any(dim=0).nonzero().squeeze(1)
        outputs = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            use_cache=False,
            logits_to_keep=kept,
        )
        logits, targets = outputs.logits.float().flatten(0, 1), labels[:, kept].flatten()
        learned = targets != _NOT_LEARNED
        loss = cross_entropy(logits, targets, ignore_index=_NOT_LEARNED, reduction="sum")
        loss = loss / (learned.sum() if num_items_in_batch is None else num_items_in_batch)
        right = (logits.argmax(-1) == targets)[learned].float().mean().item()
        self._metrics["train" if model.training else "eval"]["mean_token_accuracy"].append(right)
        return (loss, outputs) if return_outputs else loss


def _require_completions(rows: Sequence[Row], role: str) -> None:
    for number, row in enumerate(rows, start=1):
        if not row.completion:
            reason = "SFT needs a reply to imitate."
            raise ConfigError(f"data.{role}[line {number}].completion", reason)


def _replies(rows: Sequence[Row], tokenizer: Tokenizer) -> list[Sample]:
    """The reply of each row after its prompt; the loss is on the reply only."""
    samples = []
    for row in rows:
        messages = [*row.messages, {"role": "assistant", "content": row.completion}]
        samples.append(_sample(messages, [len(row.messages)], tokenizer))
    return samples


def _seekers_side(conversation: Conversation, tokenizer: Tokenizer, context: int | None) -> Sample:
    """A dialogue whose every message of the seeker is learned; as many as the model reads."""
    messages = conversation.messages
    spoken = [place for place, each in enumerate(messages) if each["role"] == "assistant"]
    while spoken:
        sample = _sample(messages[: spoken[-1] + 1], spoken, tokenizer)
        if context is None or len(sample["input_ids"]) <= context:
            return sample
        spoken.pop()
    raise ConfigError(
        "data.seeker",
        f"The first message of {conversation.name or conversation.id} is too long for this model, "
        f"which reads at most {context:,} tokens.",
    )


def _sample(messages: Sequence[dict], learned: Sequence[int], tokenizer: Tokenizer) -> Sample:
    """The tokens of a chat; the labels are those of the messages at the places `learned`, and
    -100 elsewhere, which the loss leaves out."""
    ids = _tokens(messages, tokenizer)
    labels = [_NOT_LEARNED] * len(ids)
    for place in learned:
        before = _tokens(messages[:place], tokenizer, add_generation_prompt=True)
        # Where tokens merge across the border of a message, what merged is learned with it.
        start = len(commonprefix([before, ids]))
        end = _end_of(messages, place, ids, tokenizer, start=start)
        if start >= end:
            raise ConfigError(
                "model.path",
                "The chat template of this model writes a message in another way when more "
                "follows, so it can’t be told which tokens to learn. Teach the supporter only.",
            )
        labels[start:end] = ids[start:end]
    return {"input_ids": ids, "labels": labels}


def _end_of(
    messages: Sequence[dict], place: int, ids: list[int], tokenizer: Tokenizer, *, start: int
) -> int:
    """Where the tokens of a message end that begins at `start`. Some templates write the last
    message in another way than those before it, so one follows where one follows in `messages`."""
    if place == len(messages) - 1:
        return len(ids)
    until = messages[: place + 1]
    going_on = [_tokens([*until, {"role": "user", "content": word}], tokenizer) for word in "ab"]
    shared = commonprefix([*going_on, ids])
    closing = tokenizer.eos_token_id
    if closing in shared[start:]:
        return start + shared[start:].index(closing) + 1
    # The opening of the next message is learned with it, which nobody hears.
    return len(shared)


def _tokens(
    messages: Sequence[dict], tokenizer: Tokenizer, *, add_generation_prompt: bool = False
) -> list[int]:
    text = tokenizer.apply_chat_template(
        list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
    )
    return cast(list[int], tokenizer(str(text), add_special_tokens=False)["input_ids"])


def _nothing_to_add(step: int) -> dict[str, float]:
    return {}


def sft_config(spec: RunSpec, work: Path, *, validates: bool) -> SFTConfig:
    """TRL's settings."""
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
        max_length=None,
        model_init_kwargs={"dtype": "float32"},
        use_cpu=not on_gpu,
        bf16=bfloat16_is_faster(),
        gradient_checkpointing=on_gpu,
        logging_steps=1,
        save_strategy="steps",
        save_steps=settings.save_every,
        report_to=[],
        disable_tqdm=True,
    )
