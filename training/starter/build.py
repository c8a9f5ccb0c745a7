"""Build the starter model: corpus, tokenizer, pre-training on clean text, a noisy cold start.

Everything follows from the seed (up to the order of floating-point sums on another machine).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from training.starter.samples import Sample, samples
from training.starter.tokenizer import CONTEXT, TURN_END, train_tokenizer

IGNORED = -100  # labels that take no part in the loss


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the build; `whole_text` learns the prompt too, not only the completion."""

    name: str
    steps: int
    peak_lr: float
    noisy: bool
    whole_text: bool


PRETRAIN = Stage("pre-training", steps=600, peak_lr=4e-3, noisy=False, whole_text=True)
COLD_START = Stage("cold start", steps=700, peak_lr=2e-3, noisy=True, whole_text=False)
BATCH = 16
TOKENIZER_SAMPLES = 4000

Progress = Callable[[str, int, int, str], None]  # stage, step, steps of the stage, note


def build(
    out_dir: Path,
    seed: int,
    progress: Progress,
    *,
    stages: Sequence[Stage] = (PRETRAIN, COLD_START),
) -> None:
    """Write model (bf16 safetensors) and tokenizer with chat template to `out_dir`."""
    torch.manual_seed(seed)
    progress("tokenizer", 0, 1, "")
    tokenizer = train_tokenizer(
        text
        for sample in samples(TOKENIZER_SAMPLES, seed, noisy=False)
        for text in (*(message["content"] for message in sample.messages), sample.completion)
    )
    progress("tokenizer", 1, 1, f"{len(tokenizer)} tokens")
    model = Qwen3ForCausalLM(model_config(tokenizer))
    for number, stage in enumerate(stages):
        _train(model, tokenizer, stage, seed + number, progress)
    model.bfloat16().save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)


def model_config(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    """Qwen3's shape at 0.51 M parameters."""
    return Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _train(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    stage: Stage,
    seed: int,
    progress: Progress,
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=stage.peak_lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=stage.peak_lr, total_steps=stage.steps, pct_start=0.08
    )
    model.train()
    for step, (ids, labels) in enumerate(_batches(tokenizer, stage, seed), start=1):
        loss = _loss(model, ids, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 20 == 0 or step == stage.steps:
            progress(stage.name, step, stage.steps, f"loss {loss.item():.3f}")


def _loss(model: Qwen3ForCausalLM, ids: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of the labelled tokens; `ids` and `labels` are (batch, length).

    Padding is on the right, where causal attention never looks, so no mask is needed. Only
    labelled positions go through the output layer, which is half of the model.
    """
    hidden = model.model(input_ids=ids[:, :-1]).last_hidden_state
    targets = labels[:, 1:]
    wanted = targets != IGNORED
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[wanted]), targets[wanted])


def _batches(
    tokenizer: PreTrainedTokenizerFast, stage: Stage, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """`stage.steps` batches of samples of like length, in random order."""
    rng = random.Random(f"{stage.name}/{seed}")
    stream = samples(stage.steps * BATCH, seed, noisy=stage.noisy)
    while pool := list(islice(stream, 16 * BATCH)):
        encoded = sorted((_encode(tokenizer, sample, stage) for sample in pool), key=_length)
        batches = [encoded[start : start + BATCH] for start in range(0, len(encoded), BATCH)]
        rng.shuffle(batches)
        for batch in batches:
            yield _padded(batch, tokenizer.pad_token_id)


def _encode(
    tokenizer: PreTrainedTokenizerFast, sample: Sample, stage: Stage
) -> tuple[list[int], list[int]]:
    prompt = tokenizer.apply_chat_template(
        [dict(message) for message in sample.messages],
        add_generation_prompt=True,
        return_dict=False,
    )
    completion = tokenizer(sample.completion + TURN_END)["input_ids"]
    ids = prompt + completion
    return ids, ids if stage.whole_text else [IGNORED] * len(prompt) + completion


def _length(pair: tuple[list[int], list[int]]) -> int:
    return len(pair[0])


def _padded(batch: list[tuple[list[int], list[int]]], pad_id: int) -> tuple[Tensor, Tensor]:
    longest = max(map(_length, batch))
    ids = [ids + [pad_id] * (longest - len(ids)) for ids, _ in batch]
    labels = [labels + [IGNORED] * (longest - len(labels)) for _, labels in batch]
    return torch.tensor(ids), torch.tensor(labels)
