"""Store and open files by content."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import ProtectedError

from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.files.models import StoredFile

CHUNK = 1024 * 1024


def has_disk(size: int) -> bool:
    """Whether so many bytes leave the disk its reserve."""
    return bool(_free_disk() - size >= settings.DISK_RESERVE_BYTES)


def _free_disk() -> int:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.VAR_DIR).free


def require_disk(size: int) -> None:
    """Refuse a large write that would fill the disk."""
    if not has_disk(size):
        raise Refused(
            f"There is not enough disk space: {size // 2**20} MB needed, "
            f"{_free_disk() // 2**20} MB free.",
            code="disk_full",
        )


def store(
    *, project: Project, kind: str, name: str, content: IO[bytes], actor: User | None
) -> StoredFile:
    """Keep `content`, which a person sends, under its SHA-256. The same content again is the same
    row. Raises Refused where it is larger than allowed or the disk is short."""
    limit = settings.UPLOAD_LIMIT_BYTES
    return _store(project, kind, name, content, actor, limit)


def store_result(
    *, project: Project, kind: str, name: str, content: IO[bytes], actor: User | None
) -> StoredFile:
    """The same for what a worker made: only the disk limits its size."""
    return _store(project, kind, name, content, actor, None)


def _store(
    project: Project,
    kind: str,
    name: str,
    content: IO[bytes],
    actor: User | None,
    limit: int | None,
) -> StoredFile:
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as spool:
        digest, size = hashlib.sha256(), 0
        while chunk := content.read(CHUNK):
            size += len(chunk)
            if limit is not None and size > limit:
                raise Refused(f"The file is larger than {limit // 2**20} MB.", code="too_large")
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
        with transaction.atomic():
            _hold_content(row)
            if not default_storage.exists(row.path):
                default_storage.save(row.path, File(spool))
            row, _ = StoredFile.objects.get_or_create(
                project=project,
                kind=kind,
                sha256=row.sha256,
                defaults={"size": size, "name": row.name, "created_by": actor},
            )
    return row


def remove(row: StoredFile) -> None:
    """Remove a file that no row names any more; one that a row names again by now stays. So does
    content that another row of the project has too, such as an upload."""
    with transaction.atomic():
        held = StoredFile.objects.select_for_update().filter(pk=row.pk).first()
        if held is None:
            return
        try:
            held.delete()
        except ProtectedError:
            return
        transaction.on_commit(lambda: _remove_content(row))


def hold(row: StoredFile) -> bool:
    """Keep the file from removal until the present transaction ends, so that a row can name it;
    False where it was removed since it was stored."""
    return StoredFile.objects.select_for_update(no_key=True).filter(pk=row.pk).first() is not None


def _remove_content(row: StoredFile) -> None:
    with transaction.atomic():
        _hold_content(row)
        same = StoredFile.objects.filter(project=row.project_id, sha256=row.sha256)
        if not same.exists():
            default_storage.delete(row.path)


def _hold_content(row: StoredFile) -> None:
    """Until the transaction ends nobody else stores or removes the same content."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [row.path])


def open_file(row: StoredFile) -> Any:
    """The content, open for reading as bytes."""
    return default_storage.open(row.path, "rb")
