"""Build the two starter models: tokenizer, pre-training on text, a noisy cold start.

Everything follows from the seed (up to the order of floating-point sums on another machine).
"""

import copy
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from training.starter.batches import IGNORED, batches
from training.starter.copying import ROPE_THETA, lay_out_copying
from training.starter.muon import Muon
from training.starter.samples import Sample, cold_start_samples, pretraining_samples
from training.starter.tokenizer import CONTEXT, train_tokenizer

TOKENIZER_SAMPLES = 3000


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the build: what is learned, for how many steps of one batch each, and the
    `model` that it ends in."""

    name: str
    model: str
    samples: Callable[[int], Iterator[Sample]]  # of a seed, without end
    steps: int
    matrix_lr: float
    other_lr: float


BASE, SFT = "starter-base", "starter-sft"
STAGES = (
    Stage("pre-training", BASE, pretraining_samples, 2400, matrix_lr=0.015, other_lr=4e-3),
    Stage("cold start", SFT, cold_start_samples, 3200, matrix_lr=0.008, other_lr=2e-3),
    # Two further rounds, each on texts of its own and with a warm start of its own.
    Stage("second round", SFT, cold_start_samples, 2400, matrix_lr=0.005, other_lr=1.2e-3),
    Stage("third round", SFT, cold_start_samples, 1600, matrix_lr=0.003, other_lr=8e-4),
)

Progress = Callable[[str, int, int, float], None]  # stage, step, steps of the stage, loss


def build(
    out_dir: Path, seed: int, progress: Progress, *, stages: Sequence[Stage] = STAGES
) -> None:
    """Write `out_dir`/NAME for each model: weights (bf16 safetensors), tokenizer, chat template.

    The folders are written beside and moved into place at the end, one after the other.
    """
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(
        message["content"]
        for sample in islice(pretraining_samples(seed), TOKENIZER_SAMPLES)
        for message in sample.messages
    )
    model = Qwen3ForCausalLM(model_config(tokenizer))
    lay_out_copying(model)
    work = out_dir / ".unfinished"
    shutil.rmtree(work, ignore_errors=True)
    for number, stage in enumerate(stages):
        _train(model, tokenizer, stage, seed + number, progress)
        _save(model, tokenizer, work / stage.model)
        # The next stage begins with the weights as they are kept.
        model = Qwen3ForCausalLM.from_pretrained(work / stage.model, dtype=torch.float32)
    for name in dict.fromkeys(stage.model for stage in stages):
        if (out_dir / name).exists():
            (out_dir / name).rename(work / f"earlier-{name}")
        (work / name).rename(out_dir / name)
    shutil.rmtree(work)


def model_config(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    """Qwen3's shape at 1.6 M parameters."""
    return Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_theta": ROPE_THETA, "rope_type": "default"},
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
    optimizers = _optimizers(model, stage)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _warm_then_down(step, stage))
        for optimizer in optimizers
    ]
    model.train()
    stream = islice(batches(stage.samples(seed), tokenizer, seed), stage.steps)
    for step, (ids, labels) in enumerate(stream, start=1):
        loss = _loss(model, ids, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        if step % 10 == 0 or step == stage.steps:
            progress(stage.name, step, stage.steps, loss.item())


def _optimizers(model: Qwen3ForCausalLM, stage: Stage) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    inside = set(map(id, matrices))
    others = [p for p in model.parameters() if id(p) not in inside]
    return [
        Muon(matrices, lr=stage.matrix_lr, weight_decay=0.01),
        torch.optim.AdamW(others, lr=stage.other_lr, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def _warm_then_down(step: int, stage: Stage) -> float:
    """The share of the learning rate: up in the first 5 % of the steps, then down to a tenth."""
    warm = max(1, stage.steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 1.0 - 0.95 * (step - warm) / max(1, stage.steps - warm)


def _loss(model: Qwen3ForCausalLM, ids: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of the labelled tokens; `ids` and `labels` are (batch, length).

    Padding is on the right, where causal attention never looks, so no mask is needed. Only
    labelled positions go through the output layer, which is a third of the model.
    """
    hidden = model.model(input_ids=ids[:, :-1]).last_hidden_state
    targets = labels[:, 1:]
    wanted = targets != IGNORED
    return nn.functional.cross_entropy(model.lm_head(hidden[wanted]), targets[wanted])


def _save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    # A copy: training goes on in float32.
    copy.deepcopy(model).bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
