"""A new project has a model to begin with, and a server that answers with it."""

import shutil

from training.checkpoints import removed
from training.checkpoints.services import starter_add
from training.checkpoints.serving import local_server_refusal, served_name, unlink
from training.models import Checkpoint
from training.paths import uploads_of
from webapp.accounts import parts
from webapp.accounts.models import Project, User
from webapp.llm.services import endpoint_create_local


def register() -> None:
    parts.register(parts.Part("checkpoints", create, remove_files))


def create(project: Project, actor: User) -> None:
    """The starter model, and the local server as its endpoint where that may be reached."""
    starter = starter_add(project=project, actor=actor)
    if local_server_refusal() is None:
        starter.endpoint = endpoint_create_local(project=project, actor=actor)
        starter.save(update_fields=["endpoint"])


def remove_files(project: Project) -> None:
    """What was uploaded, what is left of removed downloads, and the names under which the local
    server has its models."""
    for checkpoint in Checkpoint.objects.filter(project=project):
        unlink(served_name(checkpoint))
    removed.sweep(project)
    folder = uploads_of(project.pk)
    if folder.exists():
        shutil.rmtree(folder)
