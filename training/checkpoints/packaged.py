"""What a worker does for the small language model: watch the program that makes its folder, which
all projects share, and add the model to the project."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied

from training.checkpoints import adding
from training.checkpoints.queries import small_models_of
from training.checkpoints.services import checkpoint_serve
from training.checkpoints.serving import local_server_refusal
from training.models import Checkpoint, FetchFile, ModelFetch
from training.paths import folder_of_small
from training.small import package
from training.small.models import MODELS, TRAINED, SmallModel
from webapp.errors import Refused
from webapp.files.folders import make_private, run_folder
from webapp.files.services import require_disk
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed

PROGRAM = (sys.executable, "-m", "training.small")
STATE = "state.json"
# Two bytes for each of the 134,515,008 parameters, and the tokenizer.
MADE_BYTES = 280_000_000
OFFLINE = {"HF_HUB_OFFLINE": "1", "GOMP_SPINCOUNT": "3000"}
MAKE_ANEW = "Remove the folder var/weights/small on the server. Resume then makes the model anew."


def convert(claim: Claim[ModelFetch]) -> None:
    """Make the folder, unless another project's run has made it, and add the model."""
    run = claim.run
    model = _model_of(run)
    folder = folder_of_small(model)
    if model.source in small_models_of(run.project):
        raise adding.Hopeless("The project has this model already.")
    file = _listed(claim)
    if not folder.exists():
        require_disk(MADE_BYTES)
    make_private(folder.parent)
    _make(claim, file, folder, model)
    adding.note(claim, [file], lambda file: file.size)
    try:
        adding.add(
            claim,
            folder,
            origin=Checkpoint.Origin.PACKAGE,
            source=model.source,
            revision="",
        )
    except Refused as refusal:
        raise RunFailed(f"{refusal} {MAKE_ANEW}") from None
    serve(run)


def serve(run: ModelFetch) -> None:
    """Make the model that was trained to talk an endpoint of the local server at once, so that a
    project can generate and compare with it. The published one is there to be trained."""
    is_trained = run.revision == TRAINED.revision
    if is_trained and run.checkpoint is not None and local_server_refusal() is None:
        # Where the project was closed meanwhile, the model is there all the same.
        with suppress(Refused, PermissionDenied):
            checkpoint_serve(checkpoint=run.checkpoint, actor=run.created_by)


def _model_of(run: ModelFetch) -> SmallModel:
    for model in MODELS.values():
        if model.revision == run.revision:
            return model
    raise adding.Hopeless(
        f"This version of the studio makes no {run.name} of {run.repo} {run.revision}."
    )


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


def _make(claim: Claim[ModelFetch], file: FetchFile, folder: Path, model: SmallModel) -> None:
    """Run the program to its end. Raises RunFailed with its reason."""
    own = make_private(run_folder(claim.run.pk))
    state = own / STATE
    state.unlink(missing_ok=True)
    status = adding.watch(
        claim,
        [*PROGRAM, str(folder.absolute()), "--state", str(state.absolute()), *_adapter(model)],
        environment=OFFLINE,
        meanwhile=lambda: adding.note(claim, [file], lambda _: _told(state).get("done", 0)),
    )
    if status:
        error = _told(state).get("error")
        raise RunFailed(error) if error else adding.broken_off(claim.run, status)


def _adapter(model: SmallModel) -> list[str]:
    if model.adapter is None:
        return []
    return ["--adapter", str(model.adapter), "--adapter-hash", model.adapter_hash]


def _told(state: Path) -> dict[str, Any]:
    """How far the program is, in its own words; empty before its first."""
    try:
        return dict(json.loads(state.read_text()))
    except FileNotFoundError:
        return {}
