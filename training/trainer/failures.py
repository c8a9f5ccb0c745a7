"""Why a run ends early, in words that a project lead reads."""

import errno

DIVERGED = (
    "{what} became invalid, so the training failed. Lower the learning rate, or raise beta, "
    "and start a new run from an earlier checkpoint."
)


class TrainingFailed(Exception):
    """The run can't go on; the message says why and what to do."""


def in_words(error: Exception) -> str:
    """The reason to show for whatever ended the run."""
    if isinstance(error, TrainingFailed):
        return str(error)
    if _is_out_of_memory(error):
        return (
            "The machine ran out of memory. Use fewer prompts or replies per step, or shorter "
            "replies. If you resume the run, it continues from the last checkpoint."
        )
    if isinstance(error, RuntimeError) and "probability tensor contains" in str(error):
        return DIVERGED.format(what="The model's output")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "The disk is full. Free some space. If you resume the run, it continues from the "
            "last checkpoint."
        )
    return f"An unexpected error ended the run: {type(error).__name__}: {error}"


def _is_out_of_memory(error: Exception) -> bool:
    # PyTorch has an error of this name for a GPU; its CPU allocator raises a plain RuntimeError.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "not enough memory" in str(error))
    )
