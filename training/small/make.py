"""Make the folder of the model once, whoever asks: one at a time, and whole or not there."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from training.small import convert, package

WAITING, CHECKING, CONVERTING = "waiting", "checking", "converting"
UNFINISHED = ".unfinished"
# How often the bytes are told that have been checked.
TELL_BYTES = 4 * package.CHUNK

# Told the stage, and how many bytes of the file have been checked.
Tell = Callable[[str, int], None]


def make(folder: Path, *, adapter: Path | None = None, tell: Tell) -> None:
    """Make the model in `folder`, unless it is there. What a killed conversion left is removed,
    and the next one begins anew. Raises Unusable."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    tell(WAITING, 0)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return
        file = package.find()
        _check(file, tell)
        written = folder.with_name(folder.name + UNFINISHED)
        shutil.rmtree(written, ignore_errors=True)
        written.mkdir(mode=0o700)
        convert.convert(file, written, adapter)
        convert.publish(written, folder)


def _check(file: Path, tell: Tell) -> None:
    told = 0

    def heard(done: int) -> None:
        nonlocal told
        if done - told >= TELL_BYTES:
            told = done
            tell(CHECKING, done)

    package.check(file, heard)
    tell(CONVERTING, file.stat().st_size)
