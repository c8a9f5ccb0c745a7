"""What happens around TRL's steps: events, checkpoints, stopping, and failing early."""

import math
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.trainer.checkpoints import Checkpoints, step_name
from training.trainer.events import EventLog
from training.trainer.failures import DIVERGED, TrainingFailed
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
    ) -> None:
        self._events = events
        self._checkpoints = checkpoints
        self._stop = stop
        self._report_step = report_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        if "loss" not in logs:
            return  # the summary at the end of training
        _require_numbers(logs, state.global_step)
        values = {ours: logs[theirs] for theirs, ours in _RENAMED.items() if theirs in logs}
        self._events.append(
            "metrics", step=state.global_step, values=values | self._report_step(state.global_step)
        )

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
        written = self._checkpoints.work / f"checkpoint-{step}"
        path, sha256 = self._checkpoints.publish(written, step_name(step), step)
        # The last step's weights are announced as the final checkpoint.
        if step < state.max_steps:
            self._events.append("checkpoint", step=step, path=path, sha256=sha256)


def _require_numbers(logs: dict[str, Any], step: int) -> None:
    for name in ("loss", "grad_norm"):
        value = logs.get(name)
        if value is not None and not math.isfinite(float(value)):
            what = f"The {name.replace('_', ' ')} of step {step}"
            raise TrainingFailed(DIVERGED.format(what=what))
