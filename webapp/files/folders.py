"""Where the folder of a run lies: what its program reads and leaves, its checkpoints included."""

from pathlib import Path
from uuid import UUID

from django.conf import settings


def run_folder(run_id: UUID) -> Path:
    return settings.VAR_DIR / "runs" / run_id.hex
