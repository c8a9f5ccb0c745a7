"""What both ways to fetch a model do in a worker: watch a program, count bytes, add the model."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from training.checkpoints.contents import inspect
from training.models import FetchFile, ModelFetch
from training.services import checkpoint_register, weights_hash
from webapp.embedded.process import kill_group, last_lines, spawn
from webapp.files.folders import run_folder
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed

LOG = "program.log"
POLL_S = 0.3
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Hopeless(RunFailed):
    """The download failed, and would fail again."""


def note(
    claim: Claim[ModelFetch], files: Sequence[FetchFile], received: Callable[[FetchFile], int]
) -> None:
    """Write down how much of each file is here, as `received` tells."""
    changed = []
    for file in files:
        here = min(received(file), file.size)
        if here != file.received:
            file.received = here
            changed.append(file)
    if changed:
        with claim.writing():
            FetchFile.objects.bulk_update(changed, ["received"])
            live.publish(claim.run.topic)


def add(claim: Claim[ModelFetch], folder: Path, *, origin: str, source: str, revision: str) -> None:
    """Add the model in `folder` to the project. Raises Refused for what is no model."""
    run, contents = claim.run, inspect(folder)
    sha256 = weights_hash(folder, contents.files)
    # That took long for large weights: who asked to stop meanwhile gets no model.
    claim.beat()
    claim.check()
    with claim.writing():
        run.checkpoint = checkpoint_register(
            project=run.project,
            actor=run.created_by,
            name=run.name,
            folder=folder,
            sha256=sha256,
            origin=origin,
            source=source,
            revision=revision,
            licence=run.licence,
        )
        ModelFetch.objects.filter(pk=run.pk).update(checkpoint=run.checkpoint)
        live.publish(run.topic)


def watch(
    claim: Claim[ModelFetch],
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    meanwhile: Callable[[], None] | None = None,
) -> int:
    """Run a program to its end; returns its exit status."""
    with _program(run_folder(claim.run.pk), command, environment) as child:
        while child.poll() is None:
            claim.check()
            if meanwhile is not None:
                meanwhile()
            time.sleep(POLL_S)
    return child.returncode


def broken_off(run: ModelFetch, status: int) -> RunFailed:
    """The failure of a program that left no reason of its own."""
    log = last_lines(run_folder(run.pk) / LOG, 4)
    return RunFailed(f"The program ended with code {status}. The end of its log: {log}")


@contextmanager
def _program(
    folder: Path, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The child. It never outlives this block, and finds no token of the server's owner."""
    home = folder / "home"
    child = spawn(
        command,
        log=folder / LOG,
        cwd=settings.BASE_DIR,
        env={
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "HF_HOME": str(home),
            "HOME": str(home),
            **environment,
        },
    )
    try:
        yield child
    finally:
        kill_group(child)
        child.wait()
        shutil.rmtree(home, ignore_errors=True)
