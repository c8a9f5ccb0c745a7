"""Folders of what people brought and runs left. Only the studio's own user can enter them."""

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from webapp.kept_folders import KEPT

PRIVATE = 0o700


def run_folder(run_id: UUID) -> Path:
    """Where the folder of a run lies: what its program reads and leaves, checkpoints included."""
    return settings.VAR_DIR / "runs" / run_id.hex


def make_private(folder: Path) -> Path:
    """Make a folder below var/, with those between them that are missing. It may be there."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    below = folder.relative_to(settings.VAR_DIR)
    for part in [*reversed(below.parents), below]:
        (settings.VAR_DIR / part).mkdir(mode=PRIVATE, exist_ok=True)
    return folder


def close_to_others() -> None:
    """Earlier versions left these folders open to everybody on the machine."""
    for name in KEPT:
        folder = settings.VAR_DIR / name
        if folder.is_dir() and folder.stat().st_uid == os.geteuid():
            folder.chmod(PRIVATE)
