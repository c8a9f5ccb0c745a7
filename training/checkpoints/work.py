"""What a worker does for a download: ask for the list of files, watch the program that brings
them, and add the model. Whole files and parts of files stay, and a later worker goes on with them.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings

from training.checkpoints import adding, packaged
from training.checkpoints.adding import Hopeless
from training.checkpoints.contents import require_model
from training.checkpoints.limits import COMMIT, FILES, PART, SHA256
from training.models import Checkpoint, FetchFile, ModelFetch
from webapp.errors import Refused
from webapp.files.folders import make_private, run_folder
from webapp.files.services import require_disk
from webapp.runs import live
from webapp.runs import services as runs
from webapp.runs.models import Status
from webapp.runs.work import Claim, RunFailed, claimed

PROGRAM = (sys.executable, "-m", "training.checkpoints.hub")
JOB, RESULT, MODEL = "job.json", "result.json", "model"
# The studio is offline for all other programs. Xet would connect unguarded.
ONLINE = {
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def work(run_id: str) -> None:
    """Download, or go on with it. For a worker."""
    with claimed(ModelFetch, run_id) as claim:
        if claim is not None:
            fetch(claim)


def fetch(claim: Claim[ModelFetch]) -> None:
    if claim.run.checkpoint_id is not None:
        # A worker before this one added the model, and was killed before it could say so.
        if claim.run.source == ModelFetch.Source.PACKAGE:
            packaged.serve(claim.run)
        return
    try:
        if claim.run.source == ModelFetch.Source.PACKAGE:
            packaged.convert(claim)
        else:
            _from_hub(claim)
    except Hopeless as error:
        # Together with the end: a worker killed between the two would leave a run that goes on,
        # fails for a passing reason, and could not be resumed.
        with claim.writing():
            ModelFetch.objects.filter(pk=claim.run.pk).update(can_go_on=False)
            runs.end(claim.run, claim=claim.token, status=Status.FAILED, reason=str(error))
        raise


def _from_hub(claim: Claim[ModelFetch]) -> None:
    run = claim.run
    if not run.commit:
        _list(claim)
    _download(claim)
    with _for_good():
        adding.add(
            claim,
            run_folder(run.pk) / MODEL,
            origin=Checkpoint.Origin.HUB,
            source=run.repo,
            revision=run.commit,
        )


@contextmanager
def _for_good() -> Iterator[None]:
    """What is refused in this block is refused for good: the commit's files never change."""
    try:
        yield
    except Refused as refusal:
        raise Hopeless(str(refusal)) from None


def _list(claim: Claim[ModelFetch]) -> None:
    """Fix the commit and its files: a later worker brings the same ones."""
    run = claim.run
    found = _ask(claim, {"revision": run.revision})
    # A branch or a tag may lead to other files when it is asked for again.
    is_fixed = run.revision == found["commit"]
    with _for_good() if is_fixed else nullcontext():
        _require_usable(run, found)
    run.commit = found["commit"]
    rows = [FetchFile(project=run.project, run=run, **file) for file in found["files"]]
    with claim.writing():
        ModelFetch.objects.filter(pk=run.pk).update(commit=run.commit)
        FetchFile.objects.bulk_create(rows)
        live.publish(run.topic)


def _require_usable(run: ModelFetch, found: dict[str, Any]) -> None:
    """Raises RunFailed for what is no list of a hub, and Refused for a list that is no model's."""
    hashes = [file["sha256"] for file in found["files"] if file["sha256"]]
    if not COMMIT.fullmatch(found["commit"] or "") or not all(map(SHA256.fullmatch, hashes)):
        raise RunFailed(f"The answer of {settings.HUB_URL} is not that of a model hub.")
    if len(found["files"]) > FILES:
        raise Refused(f"{run.repo} has more than {FILES} files. That is too many for a model.")
    require_model(file["name"] for file in found["files"])


def _download(claim: Claim[ModelFetch]) -> None:
    run, folder = claim.run, run_folder(claim.run.pk) / MODEL
    files = list(run.files.all())
    require_disk(sum(file.size - file.received for file in files))
    job = {
        "revision": run.commit,
        "folder": str(folder.absolute()),
        "files": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in files],
    }
    _ask(claim, job, meanwhile=lambda: _note(claim, files, folder))
    _note(claim, files, folder)


def _note(claim: Claim[ModelFetch], files: list[FetchFile], folder: Path) -> None:
    """How much of a file is here, its size on the disk tells."""
    adding.note(claim, files, lambda file: _size_of(folder, file.name))


def _size_of(folder: Path, name: str) -> int:
    for path in (folder / name, folder / (name + PART)):
        try:
            return path.stat().st_size
        except FileNotFoundError:
            continue
    return 0


def _ask(
    claim: Claim[ModelFetch], job: dict[str, Any], meanwhile: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Run the program to its end; returns what it found. Raises RunFailed with its reason."""
    folder = run_folder(claim.run.pk)
    make_private(folder)
    (folder / RESULT).unlink(missing_ok=True)
    (folder / JOB).write_text(json.dumps(job | _common(claim.run)))
    command = [*PROGRAM, str(folder / JOB), str(folder / RESULT)]
    status = adding.watch(claim, command, environment=ONLINE, meanwhile=meanwhile)
    if not (folder / RESULT).exists():
        raise adding.broken_off(claim.run, status)
    found: dict[str, Any] = json.loads((folder / RESULT).read_text())
    if "error" in found:
        raise (Hopeless if found["is_final"] else RunFailed)(found["error"])
    return found


def _common(run: ModelFetch) -> dict[str, Any]:
    return {
        "endpoint": settings.HUB_URL,
        "repo": run.repo,
        "allow_loopback": settings.LLM_ALLOW_LOOPBACK,
        "allowed_hosts": settings.LLM_ALLOWED_HOSTS,
    }
