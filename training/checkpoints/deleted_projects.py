"""What goes with a deleted project: files of its models, and their names in the local server."""

import shutil

from training.checkpoints import removed
from training.checkpoints.serving import served_name, unlink
from training.models import Checkpoint
from training.paths import uploads_of
from webapp.accounts import parts
from webapp.accounts.models import Project


def register() -> None:
    parts.register(parts.Part("checkpoints", remove_files))


def remove_files(project: Project) -> None:
    """What was uploaded, what is left of removed downloads, and the names under which the local
    server has its models."""
    for checkpoint in Checkpoint.objects.filter(project=project):
        unlink(served_name(checkpoint))
    removed.sweep(project)
    folder = uploads_of(project.pk)
    if folder.exists():
        shutil.rmtree(folder)
