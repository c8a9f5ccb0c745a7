"""Where a run and its weights lie."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from training.models import Checkpoint, TrainingRun
from training.small.models import SmallModel
from webapp.files.folders import run_folder

SPEC, EVENTS, LOG, LOCK = "spec.json", "events.jsonl", "trainer.log", "lock"


def folder_of(run: TrainingRun) -> Path:
    return run_folder(run.pk)


def weights_of(checkpoint: Checkpoint) -> Path:
    """The folder of a checkpoint's weights."""
    # An absolute path stays what it is; before it was always absolute, it began at the checkout.
    return (root_of(checkpoint) or settings.BASE_DIR) / checkpoint.path


def root_of(checkpoint: Checkpoint) -> Path | None:
    """Where a checkpoint's path begins: what the studio wrote lies below `var/`, the starter of
    earlier versions lay below the checkout, and a folder of the server has an absolute path
    (None)."""
    if checkpoint.origin == Checkpoint.Origin.PATH:
        return None
    is_starter = checkpoint.origin == Checkpoint.Origin.STARTER
    return settings.BASE_DIR if is_starter else settings.VAR_DIR


def is_ours(checkpoint: Checkpoint) -> bool:
    """Whether the studio wrote the weights for this checkpoint alone, so that they go when it
    goes. Those made from a package are shared by all projects, and stay."""
    origins = Checkpoint.Origin
    return checkpoint.origin not in (origins.STARTER, origins.PATH, origins.PACKAGE)


def uploads_of(project_id: UUID) -> Path:
    """The models that were uploaded to a project, a folder each."""
    return settings.VAR_DIR / "weights" / project_id.hex


def folder_of_small(model: SmallModel) -> Path:
    """A small language model, made once for all projects. Backups take it along."""
    return settings.VAR_DIR / "weights" / "small" / model.folder_name


def served_folder() -> Path:
    """Where the local model server looks for models by name (see webapp.embedded.studio)."""
    return settings.VAR_DIR / "models"
