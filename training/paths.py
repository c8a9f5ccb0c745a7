"""Where a run and its weights lie."""

from pathlib import Path

from django.conf import settings

from training.models import Checkpoint, TrainingRun
from webapp.files.folders import run_folder

SPEC, EVENTS, LOG, LOCK = "spec.json", "events.jsonl", "trainer.log", "lock"


def folder_of(run: TrainingRun) -> Path:
    return run_folder(run.pk)


def weights_of(checkpoint: Checkpoint) -> Path:
    """The folder of a checkpoint's weights. What a run of ours left lies below `var/`; a path
    from outside is below the checkout or absolute."""
    root = settings.VAR_DIR if checkpoint.run_id else settings.BASE_DIR
    return root / checkpoint.path
