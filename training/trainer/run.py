"""One run from its folder: check, train, save."""

import platform
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from os import getpid
from pathlib import Path
from typing import cast

from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, Trainer

from training.trainer.callbacks import RunCallback
from training.trainer.checkpoints import FINAL, Checkpoints
from training.trainer.config import RunSpec
from training.trainer.data import Conversation, Role, Row, read_conversations, read_rows
from training.trainer.events import EventLog
from training.trainer.failures import TrainingFailed
from training.trainer.generation import load_model, load_tokenizer
from training.trainer.grpo import grpo_trainer
from training.trainer.lengths import context_of, fitted
from training.trainer.lora import merged, model_in
from training.trainer.rating import Rater
from training.trainer.sft import sft_trainer
from training.trainer.stopping import StopRequest

_VERSIONED = ("torch", "transformers", "trl", "accelerate")
# A checkpoint of bf16 weights: the weights and AdamW's two moments, in float32.
_CHECKPOINT_SHARE = 6


@dataclass(frozen=True)
class Data:
    """The rows of a run, by what they are for; SFT may have none to validate with. The held-out
    ones are for the evaluation after the run: here they are only checked to fit the model."""

    train: Sequence[Row]
    held_out: Sequence[Row]
    validation: Sequence[Row]
    seeker: Sequence[Conversation]


def train(
    spec: RunSpec, run_dir: Path, events: EventLog, stop: StopRequest, api_key: str | None
) -> None:
    """Run, or go on from the last whole checkpoint. Raises ConfigError and TrainingFailed."""
    checkpoints = Checkpoints(run_dir)
    checkpoints.clean()
    resumed = checkpoints.latest()
    step = resumed[0] if resumed else 0
    require_disk(spec, run_dir)
    announce(events, spec, step)
    # SFT imitates: nobody rates what the model writes.
    judge = Rater(spec, run_dir, api_key, events) if spec.method == "grpo" else nullcontext()
    with judge as rater:
        _train(spec, rater, events, stop, checkpoints, resumed)


def _train(
    spec: RunSpec,
    rater: Rater | None,
    events: EventLog,
    stop: StopRequest,
    checkpoints: Checkpoints,
    resumed: tuple[int, Path] | None,
) -> None:
    steps = spec.settings.steps
    tokenizer = load_tokenizer(spec.model)
    data = read_data(spec, tokenizer)
    tell_cuts(events, data.train)
    work = checkpoints.work
    trainer: Trainer
    if rater is not None:
        trainer, report_step = grpo_trainer(spec, data.train, rater, tokenizer, work, events)
    else:
        trainer, report_step = sft_trainer(
            spec, data.train, data.validation, data.seeker, tokenizer, work
        )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(RunCallback(events, checkpoints, stop, report_step, spec.model))

    if resumed is None or resumed[0] < steps:
        trainer.train(resume_from_checkpoint=str(resumed[1]) if resumed else None)
        if trainer.state.global_step < steps:
            events.append("stopped", step=trainer.state.global_step)
            return
        trained = merged(cast(PreTrainedModel, trainer.model))
    else:
        trained = load_model(model_in(resumed[1]))
    save_final(trained, tokenizer, events, checkpoints, steps)
    checkpoints.clean()
    events.append("finished", step=steps)


def read_data(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> Data:
    """The rows of the spec's files, as far as the model reads them. Raises ConfigError."""
    context, reply = context_of(spec.model), spec.settings.max_completion_tokens

    def rows(path: Path, role: Role) -> list[Row]:
        found = read_rows(path, role)
        return fitted(found, role, tokenizer=tokenizer, context=context, reply=reply)

    return Data(
        train=rows(spec.train, "train"),
        held_out=rows(spec.held_out, "held_out"),
        validation=rows(spec.validation, "validation") if spec.validation else [],
        seeker=read_conversations(spec.seeker) if spec.seeker else [],
    )


def tell_cuts(events: EventLog, rows: Sequence[Row]) -> None:
    """Say in the log of how many training prompts the model reads the end only."""
    if cut := [row for row in rows if row.context.get("cut")]:
        events.append(
            "log",
            level="info",
            text=f"{len(cut)} of {len(rows)} training prompts are shown without their oldest "
            "exchanges, which are too long. The judge reads no more than the model.",
        )


def announce(events: EventLog, spec: RunSpec, step: int) -> None:
    """The `started` event; what earlier attempts wrote of later steps is repeated."""
    attempt = 1 + sum(event["type"] == "started" for event in events.earlier)
    events.append(
        "started",
        attempt=attempt,
        resumed_from_step=step,
        pid=getpid(),
        versions={"python": platform.python_version(), **{p: version(p) for p in _VERSIONED}},
        steps_total=spec.settings.steps,
    )
    if step:
        events.append("log", level="info", text=f"Continuing from the checkpoint of step {step}.")


def require_disk(spec: RunSpec, run_dir: Path) -> None:
    """Raises TrainingFailed where the checkpoints and events would not fit."""
    weights = sum(path.stat().st_size for path in spec.model.glob("*.safetensors"))
    saves = spec.settings.steps // spec.settings.save_every + 2
    needed = saves * weights * _CHECKPOINT_SHARE + 50_000_000
    free = shutil.disk_usage(run_dir).free
    if free < needed:
        raise TrainingFailed(
            f"The disk has {free / 1e9:.1f} GB free, but this run needs {needed / 1e9:.1f} GB for "
            "its checkpoints. Free some space, or save checkpoints less often."
        )


def save_final(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    events: EventLog,
    checkpoints: Checkpoints,
    step: int,
) -> None:
    """`checkpoints/final`: a model folder that loads by itself, with tokenizer and template."""
    written = checkpoints.work / FINAL
    # Not the trainer's own saving, which adds its arguments as a pickle.
    model.save_pretrained(written)
    tokenizer.save_pretrained(written)
    path, sha256 = checkpoints.publish(written, FINAL, step)
    events.append("checkpoint", step=step, path=path, sha256=sha256)
