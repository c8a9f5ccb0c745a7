"""Make the folder of the model once, whoever asks: one at a time, and whole or not there."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from training.small import convert, package
from training.trainer.files import sha256_of

WAITING, CHECKING, CONVERTING = "waiting", "checking", "converting"
UNFINISHED = ".unfinished"
# How often the bytes are told that have been checked.
TELL_BYTES = 4 * package.CHUNK

# Told the stage, and how many bytes of the file have been checked.
Tell = Callable[[str, int], None]


def make(folder: Path, *, adapter: Path | None = None, adapter_hash: str = "", tell: Tell) -> None:
    """Make the model in `folder`, unless it is there. What a killed conversion left is removed,
    and the next one begins anew. Raises Unusable, also where the adapter's weights are not those
    whose SHA-256 begins with `adapter_hash`: the folder's name says which they are."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    tell(WAITING, 0)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return
        file = package.find()
        _check(file, tell)
        if adapter is not None:
            _check_adapter(adapter, adapter_hash)
        written = folder.with_name(folder.name + UNFINISHED)
        shutil.rmtree(written, ignore_errors=True)
        written.mkdir(mode=0o700)
        convert.convert(file, written, adapter)
        convert.publish(written, folder)


def _check_adapter(adapter: Path, expected: str) -> None:
    if not sha256_of(adapter / "adapter_model.safetensors").startswith(expected):
        raise package.Unusable(
            "The adapter of this model has changed since the worker was started. Start the studio "
            "anew, and add the model again."
        )


def _check(file: Path, tell: Tell) -> None:
    told = 0

    def heard(done: int) -> None:
        nonlocal told
        if done - told >= TELL_BYTES:
            told = done
            tell(CHECKING, done)

    package.check(file, heard)
    tell(CONVERTING, file.stat().st_size)
