"""Store and open files by content."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.files.models import StoredFile

CHUNK = 1024 * 1024


def require_disk(size: int) -> None:
    """Refuse a large write that would fill the disk."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free - size < settings.DISK_RESERVE_BYTES:
        raise Refused(
            f"There is not enough disk space: {size // 2**20} MB needed, {free // 2**20} MB free.",
            code="disk_full",
        )


def store(
    *, project: Project, kind: str, name: str, content: IO[bytes], actor: User | None
) -> StoredFile:
    """Keep `content` under its SHA-256. The same content again is the same row.
    Raises Refused where it is larger than allowed or the disk is short."""
    with tempfile.TemporaryFile() as spool:
        digest, size = hashlib.sha256(), 0
        while chunk := content.read(CHUNK):
            size += len(chunk)
            if size > settings.UPLOAD_LIMIT_BYTES:
                limit = settings.UPLOAD_LIMIT_BYTES // 2**20
                raise Refused(f"The file is larger than {limit} MB.", code="too_large")
            digest.update(chunk)
            spool.write(chunk)
        require_disk(size)
        spool.seek(0)
        row = StoredFile(
            project=project,
            kind=kind,
            sha256=digest.hexdigest(),
            size=size,
            name=Path(name.replace("\\", "/")).name[:200] or "file",
            created_by=actor,
        )
        if not default_storage.exists(row.path):
            default_storage.save(row.path, File(spool))
    row, _ = StoredFile.objects.get_or_create(
        project=project,
        kind=kind,
        sha256=row.sha256,
        defaults={"size": size, "name": row.name, "created_by": actor},
    )
    return row


def open_file(row: StoredFile) -> Any:
    """The content, open for reading as bytes."""
    return default_storage.open(row.path, "rb")
