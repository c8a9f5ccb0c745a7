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
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection

from training import events
from training.demo import replay as recorded
from training.evaluation.ending import ending_start, is_due, note_problem
from training.folder import prepare
from training.models import EvaluationRun, TrainingRun
from training.paths import EVENTS, LOCK, LOG
from training.reward_judges import frozen_judge, require_judge
from training.services import training_start_next
from webapp.embedded.process import kill_group, last_lines, spawn
from webapp.errors import Refused
from webapp.llm.services import read_key
from webapp.runs import live
from webapp.runs.work import Claim, ClaimLost, Closed, RunFailed, claimed
from webapp.text import storable_json

logger = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "training.trainer")
POLL_S = 0.5
# A step may have to end and a checkpoint to be written after SIGTERM.
STOP_WITHIN_S = 120.0
READ_BYTES = 4 * 1024 * 1024
# What the child needs of this process's environment: no address or key of ours is among it.
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR",
    "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "SSL_CERT_FILE",
)  # fmt: skip
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
    # Threads that wait spin for some microseconds, then give their core away. Beside busy web and
    # workers, threads that spun on made a step six times as long; where they never spin, a step
    # takes a quarter longer.
    "GOMP_SPINCOUNT": "3000",
}

Batch = list[tuple[int, dict[str, Any]]]


def work(run_id: str) -> None:
    """Train, or go on training. For the worker of the `gpu` queue."""
    with claimed(TrainingRun, run_id) as claim:
        if claim is None:
            return
        if claim.run.recorded is not None:
            replay(claim)
            return
        if not has_gone_on(claim.run):
            supervise(claim)
        start_next(claim)
        start_evaluation(claim)


def replay(claim: Claim[TrainingRun]) -> None:
    """Read the events of a recorded run. Nothing is trained. Raises RunFailed where the folder
    does not hold all of them, as after a power cut: the next attempt writes it anew."""
    folder = recorded.prepare(claim.run)
    _read_again_if_shorter(claim.run, folder)
    try:
        _insert_new(claim, folder)
        is_whole = _last_event(folder).get("type") == "finished"
    except (json.JSONDecodeError, UnicodeDecodeError):
        is_whole = False
    if is_whole:
        return
    with claim.writing():
        TrainingRun.objects.filter(pk=claim.run.pk).update(event_offset=0)
        recorded.forget(claim.run)
    raise RunFailed("The recording was not read to its end.")


def has_gone_on(run: TrainingRun) -> bool:
    """Whether what comes after a run has begun: then it is done, whatever came after."""
    return (
        TrainingRun.objects.filter(follows=run).exists()
        or EvaluationRun.objects.filter(training=run).exists()
    )


def supervise(claim: Claim[TrainingRun]) -> None:
    """Run the trainer until it ends; its end is the run's end."""
    require_judge(claim.run)
    folder = prepare(claim.run)
    _read_again_if_shorter(claim.run, folder)
    before = _last_event(folder).get("seq", 0)
    with trainer(claim.run, folder) as child:
        while child.poll() is None:
            _insert_new(claim, folder)
            if claim.lost.is_set():
                raise ClaimLost
            if claim.is_over:
                stop(claim, child)
                _insert_new(claim, folder)
                claim.check()
            time.sleep(POLL_S)
        _insert_new(claim, folder)
    _require_finished(child, folder, before)


def start_next(claim: Claim[TrainingRun]) -> None:
    """Where the run is the first of a plan, queue the second."""
    try:
        with _starting(claim):
            # Whoever stopped the run in its last seconds wants no second one.
            if is_wanted(claim.run):
                training_start_next(claim.run)
    except Refused as refusal:
        raise RunFailed(
            f"SFT is finished and its checkpoint is saved, but GRPO could not start. {refusal} "
            "Resume this run to try again."
        ) from None


def start_evaluation(claim: Claim[TrainingRun]) -> None:
    """Where the run ends with an evaluation, queue it. Training is done, so a run whose evaluation
    can't start is finished all the same: its page tells the reason."""
    if not is_due(claim.run):
        return
    try:
        with _starting(claim):
            if is_wanted(claim.run):
                ending_start(run=claim.run, actor=claim.run.created_by, replaces=claim.run)
    except Refused as refusal:
        with claim.writing():
            note_problem(claim.run, refusal)


@contextmanager
def _starting(claim: Claim[TrainingRun]) -> Iterator[None]:
    """`claim.writing()` for what looks itself whether the project is open: it may have been
    archived since that began."""
    try:
        with claim.writing():
            yield
    except PermissionDenied:
        raise Closed from None


def is_wanted(run: TrainingRun) -> bool:
    """Whether nobody asked the run to stop meanwhile."""
    return TrainingRun.objects.filter(pk=run.pk, cancel_requested_at=None).exists()


@contextmanager
def trainer(run: TrainingRun, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The child, alone on the folder: it holds the lock for as long as it lives, so a trainer
    that outlived its supervisor is waited for. It never outlives this block."""
    with (folder / LOCK).open("w") as lock:
        _take(lock.fileno())
        keys = _keys_pipe(run)
        try:
            child = spawn(
                [*PROGRAM, folder, "--secrets-fd", str(keys)],
                log=folder / LOG,
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


def stop(claim: Claim[TrainingRun], child: subprocess.Popen[bytes]) -> None:
    """Ask the trainer for a checkpoint and an end, and wait; whoever called kills it then."""
    child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while child.poll() is None and time.monotonic() < deadline and not claim.lost.is_set():
        time.sleep(POLL_S)


def new_events(run: TrainingRun, folder: Path) -> Iterator[Batch]:
    """Batches of (offset after the event, event) that stand whole in the file and were not read.
    A last line that is still being written is left for later."""
    path = folder / EVENTS
    while path.exists():
        with path.open("rb") as file:
            file.seek(run.event_offset)
            block = file.read(READ_BYTES)
            if b"\n" not in block:
                # One event that is longer than a block, or the half of one.
                block += file.readline()
        whole = block[: block.rfind(b"\n") + 1]
        if not whole:
            return
        batch, offset = [], run.event_offset
        for line in whole.splitlines(keepends=True):
            offset += len(line)
            batch.append((offset, storable_json(json.loads(line))))
        yield batch


def insert(claim: Claim[TrainingRun], batch: Batch, folder: Path) -> None:
    """Rows and the new offset in one fenced transaction."""
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


def _insert_new(claim: Claim[TrainingRun], folder: Path) -> None:
    for batch in new_events(claim.run, folder):
        insert(claim, batch, folder)


def _read_again_if_shorter(run: TrainingRun, folder: Path) -> None:
    """After a power cut the file may have lost lines that were read: read all of it again,
    which changes no row that is right."""
    path = folder / EVENTS
    size = path.stat().st_size if path.exists() else 0
    if size < run.event_offset:
        run.event_offset = 0


def _require_finished(child: subprocess.Popen[bytes], folder: Path, before: int) -> None:
    """Raise RunFailed where the trainer did not finish, with its own reason if it wrote one
    (after event `before`, the last one of earlier attempts)."""
    last = _last_event(folder)
    if last.get("type") == "finished":
        return
    is_new = last.get("seq", 0) > before
    if is_new and last["type"] == "failed":
        raise RunFailed(last["reason"])
    if is_new and last["type"] == "stopped":
        raise RunFailed(
            "The training program was stopped. Resume the run to continue from its checkpoint."
        )
    raise RunFailed(
        f"The training program ended with code {child.returncode} and gave no reason. The end of "
        f"its log: {last_lines(folder / LOG, 6)}"
    )


def _last_event(folder: Path) -> dict[str, Any]:
    """The last whole event, which tells how a trainer ended; empty where there is none."""
    path = folder / EVENTS
    if not path.exists():
        return {}
    with path.open("rb") as file:
        size, reach = file.seek(0, os.SEEK_END), READ_BYTES
        while True:
            start = max(0, size - reach)
            file.seek(start)
            lines = file.read(size - start).splitlines(keepends=True)
            # A block may begin in the middle of a line.
            whole = [line for line in lines[1 if start else 0 :] if line.endswith(b"\n")]
            if whole or start == 0:
                break
            reach *= 2
    return json.loads(whole[-1]) if whole else {}


def _take(lock: int) -> None:
    deadline = time.monotonic() + STOP_WITHIN_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RunFailed(
                    "Another training program is still using this run's folder."
                ) from None
            time.sleep(POLL_S)


def _keys_pipe(run: TrainingRun) -> int:
    """A pipe with the judge's key, read once by the child: never in argv, environment or log. SFT
    asks no judge. The key is read for the address in the folder, which is where the child sends
    it: one of another origin is refused."""
    endpoint = run.judge_endpoint if run.method == TrainingRun.Method.GRPO else None
    key = read_key(endpoint, sent_to=frozen_judge(run)["base_url"]) if endpoint else None
    read, write = os.pipe()
    with os.fdopen(write, "wb") as pipe:
        pipe.write(json.dumps({"judge_api_key": key} if key else {}).encode())
    return read


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | SETTINGS
