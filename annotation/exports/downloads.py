"""An export's file as the answer to a page and to a script."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.http import Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header

from annotation.exports import services
from annotation.exports.writers import MEDIA_TYPES
from annotation.models import ExportRun
from webapp.accounts.models import User
from webapp.files.services import CHUNK, open_file


def file_response(run: ExportRun, *, actor: User) -> StreamingHttpResponse:
    """The file as an attachment, sent block by block. `run` comes from `access.file_for`. Raises
    Http404 where the file was removed since."""
    assert run.file is not None  # noqa: S101  (an export without one is 404)
    try:
        file = open_file(run.file)
    except FileNotFoundError:
        raise Http404 from None
    services.note_download(run=run, actor=actor)
    name = services.name_of(run)
    return StreamingHttpResponse(
        _blocks(file),
        headers={
            "Content-Type": MEDIA_TYPES[run.format],
            "Content-Length": str(run.size),
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
        },
    )


async def _blocks(file: Any) -> AsyncIterator[bytes]:
    """Asynchronous, because a server of ours would read a synchronous iterator whole first."""
    try:
        while block := await asyncio.to_thread(file.read, CHUNK):
            yield block
    finally:
        file.close()
