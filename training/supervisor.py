"""Supervise the trainer: a child without credentials, whose event file becomes rows."""

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from webapp.llm.services import read_key

from training import events
from training.folder import prepare
from training.models import TrainingRun
from webapp.embedded.process import kill_group, last_lines, spawn
from webapp.runs import live
from webapp.runs.work import Claim, ClaimLost, RunFailed, claimed

logger = logging.getLogger(__name__)

POLL_S = 0.5
# A step may have to end and a checkpoint to be written after SIGTERM.
STOP_WITHIN_S = 120.0
READ_BYTES = 4 * 1024 * 1024
# What the child needs of this process's environment: no address or key of ours is among it.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES")
SETTINGS = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}


def work(run_id: str) -> None:
    """Train, or go on training. For the worker of the `gpu` queue."""
    with claimed(TrainingRun, run_id) as claim:
        if claim is not None:
            supervise(claim)


def supervise(claim: Claim[TrainingRun]) -> None:
    """Run the trainer until it ends; its end is the run's end."""
    folder = prepare(claim.run)
    with trainer(claim.run, folder) as child:
        failure = ""
        while True:
            ended = child.poll() is not None
            for batch in new_events(claim.run, folder):
                failure = insert(claim, batch, folder) or failure
            if ended:
                break
            if claim.lost.is_set():
                raise ClaimLost
            if claim.cancelled.is_set():
                stop(claim, child, folder)
                claim.check()
            time.sleep(POLL_S)
    if failure:
        raise RunFailed(failure)
    if child.returncode != 0:
        raise RunFailed(
            f"The trainer ended with code {child.returncode}. The end of its log: "
            f"{last_lines(folder / 'trainer.log', 6)}"
        )


@contextmanager
def trainer(run: TrainingRun, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The child, alone on the folder: it holds the lock for as long as it lives, so a trainer
    that outlived its supervisor is waited for. It never outlives this block."""
    with (folder / "lock").open("w") as lock:
        _take(lock.fileno())
        keys = _keys_pipe(run)
        try:
            child = spawn(
                [sys.executable, "-m", "training.trainer", folder, "--secrets-fd", str(keys)],
                log=folder / "trainer.log",
                cwd=settings.BASE_DIR,
                env=_environment(),
                pass_fds=(keys, lock.fileno()),
            )
        finally:
            os.close(keys)
    try:
        yield child
    finally:
        kill_group(child)
        child.wait()


def _take(lock: int) -> None:
    deadline = time.monotonic() + STOP_WITHIN_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RunFailed("Another trainer still works in this run's folder.") from None
            time.sleep(POLL_S)


def _keys_pipe(run: TrainingRun) -> int:
    """A pipe with the judge's key, read once by the child: never in argv, environment or log."""
    endpoint = run.judge.endpoint
    secrets = {"judge_api_key": read_key(endpoint)} if endpoint is not None else {}
    read, write = os.pipe()
    with os.fdopen(write, "wb") as pipe:
        pipe.write(json.dumps(secrets).encode())
    return read


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | SETTINGS


def stop(claim: Claim[TrainingRun], child: subprocess.Popen[bytes], folder: Path) -> None:
    """Ask the trainer for a checkpoint and an end; kill it where it takes too long."""
    child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while child.poll() is None and time.monotonic() < deadline and not claim.lost.is_set():
        time.sleep(POLL_S)
    for batch in new_events(claim.run, folder):
        insert(claim, batch, folder)


def new_events(run: TrainingRun, folder: Path) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Batches of (offset after the event, event) that stand whole in the file and were not read."""
    path = folder / "events.jsonl"
    while path.exists():
        with path.open("rb") as file:
            file.seek(run.event_offset)
            block = file.read(READ_BYTES)
        whole = block[: block.rfind(b"\n") + 1]
        if not whole:
            return
        batch, offset = [], run.event_offset
        for line in whole.splitlines(keepends=True):
            offset += len(line)
            batch.append((offset, json.loads(line)))
        yield batch


def insert(claim: Claim[TrainingRun], batch: list[tuple[int, dict[str, Any]]], folder: Path) -> str:
    """Rows and the new offset in one fenced transaction; returns the trainer's own failure."""
    run, offset = claim.run, batch[-1][0]
    for attempt in range(5):
        try:
            with claim.writing():
                events.insert(run, [event for _, event in batch], folder)
                TrainingRun.objects.filter(pk=run.pk).update(event_offset=offset)
                live.publish(run.topic)
            break
        except OperationalError:
            # The database restarts: the child goes on, its events wait in the file.
            if attempt == 4:
                raise
            logger.warning("%s: the database did not answer, trying again", run)
            connection.close()
            time.sleep(2**attempt)
    run.event_offset = offset
    failures = [event["reason"] for _, event in batch if event.get("type") == "failed"]
    return failures[-1] if failures else ""
