"""The folders of downloads that were removed. The row goes in a transaction, the folder after it:
whoever is killed between the two leaves the folder to the next sweep."""

import fcntl
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from training.checkpoints.limits import LOCK
from webapp.accounts.models import Project
from webapp.audit.models import Entry
from webapp.files.folders import run_folder

ACTION = "fetch.removed"


def sweep(project: Project) -> None:
    """Remove what is left of the project's removed downloads. The audit log says which they are:
    its entry is written together with the removal of the row."""
    entries = Entry.objects.filter(project_id=project.pk, action=ACTION)
    for run_id in entries.values_list("object_id", flat=True):
        _remove(run_folder(UUID(run_id)))


def _remove(folder: Path) -> None:
    """Nothing happens where the folder is gone, or where a program that outlived its worker holds
    the lock and still writes: the next sweep finds it then."""
    with suppress(OSError), (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
