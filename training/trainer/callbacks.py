"""What happens around TRL's steps: events, checkpoints, stopping, and failing early."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.trainer.checkpoints import Checkpoints, step_name
from training.trainer.events import EventLog
from training.trainer.failures import DIVERGED, TrainingFailed
from training.trainer.lora import write_merged
from training.trainer.stopping import StopRequest

# TRL's names and ours.
_RENAMED = {
    "loss": "loss",
    "reward": "reward",
    "reward_std": "reward_std",
    "kl": "kl",
    "entropy": "entropy",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "clipped_ratio",
    "frac_reward_zero_std": "frac_reward_zero_std",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "step_time": "step_time_s",
    "mean_token_accuracy": "token_accuracy",
}
_VALIDATED = {"eval_loss": "validation_loss"}
# Called with a step whose metrics are logged; returns the method's own metrics of it.
StepReport = Callable[[int], dict[str, float]]


class RunCallback(TrainerCallback):
    """Writes the events of every step and publishes checkpoints.

    `report_step` writes what the method knows of the step (rollouts) and returns its values.
    """

    def __init__(
        self,
        events: EventLog,
        checkpoints: Checkpoints,
        stop: StopRequest,
        report_step: StepReport,
        base: Path,
    ) -> None:
        self._events = events
        self._checkpoints = checkpoints
        self._stop = stop
        self._report_step = report_step
        self._base = base
        self._began = time.monotonic()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._began = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        logs, step = logs or {}, state.global_step
        if "eval_loss" in logs:
            self._events.append("metrics", step=step, values=_ours(logs, _VALIDATED))
        if "loss" not in logs:
            return  # the summary at the end of training
        _require_numbers(logs, step)
        # TRL measures the steps of GRPO; those of SFT have no time of their own.
        values = {"step_time_s": time.monotonic() - self._began} | _ours(logs, _RENAMED)
        self._events.append("metrics", step=step, values=values | self._report_step(step))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if self._stop.made:
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        step = state.global_step
        written, is_last = self._checkpoints.work / f"checkpoint-{step}", step >= state.max_steps
        has_adapters = (written / "adapter_config.json").exists()
        inside = write_merged(self._base, written) if has_adapters else ""
        path, sha256 = self._checkpoints.publish(written, step_name(step), step)
        # The last step's weights are announced as the final checkpoint.
        if not is_last:
            path = f"{path}/{inside}".rstrip("/")
            self._events.append("checkpoint", step=step, path=path, sha256=sha256)


def _ours(logs: dict[str, Any], names: dict[str, str]) -> dict[str, float]:
    return {ours: logs[theirs] for theirs, ours in names.items() if theirs in logs}


def _require_numbers(logs: dict[str, Any], step: int) -> None:
    for name in ("loss", "grad_norm"):
        value = logs.get(name)
        if value is not None and not math.isfinite(float(value)):
            what = f"The {name.replace('_', ' ')} of step {step}"
            raise TrainingFailed(DIVERGED.format(what=what))
