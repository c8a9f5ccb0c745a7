"""Files in a folder that are there whole or not at all."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from webapp.ids import new_id


class WholeFileStorage(FileSystemStorage):
    """Writes beside a file's place and moves it there when it is on the disk: a worker that is
    killed, or a full disk, leaves no half of a file under its name."""

    def _save(self, name: str, content: Any) -> str:
        part = f"{name}.{new_id().hex}.part"
        try:
            super()._save(part, content)  # type: ignore[misc]
            written = Path(self.path(part))
            with written.open("rb") as file:
                os.fsync(file.fileno())
            written.replace(self.path(name))
        except BaseException:
            self.delete(part)
            raise
        return name
