"""Why a run ends early, in words that a project lead reads."""

import errno

import torch


class TrainingFailed(Exception):
    """The run can't go on; the message says why and what to do."""


class Stopped(Exception):
    """The run was asked to stop (SIGTERM) at a point without training state to save."""


def in_words(error: Exception) -> str:
    """The reason to show for whatever ended the run."""
    if isinstance(error, TrainingFailed):
        return str(error)
    if _is_out_of_memory(error):
        return (
            "The machine ran out of memory. Use fewer prompts or rollouts a step, or shorter "
            "completions. Starting again goes on from the last checkpoint."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Free some space; starting again goes on from the last checkpoint."
    return f"An unexpected error ended the run: {type(error).__name__}: {error}"


def _is_out_of_memory(error: Exception) -> bool:
    # PyTorch's CPU allocator raises a plain RuntimeError.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "not enough memory" in str(error)
    )
