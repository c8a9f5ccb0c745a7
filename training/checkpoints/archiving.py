"""A checkpoint as a tar, written while it is sent: no copy of the weights is made."""

import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from training.checkpoints.card import card_of
from training.checkpoints.contents import inspect
from training.checkpoints.roots import usable_weights
from training.checkpoints.serving import served_name
from training.models import Checkpoint
from webapp.accounts.access import Member
from webapp.errors import Refused

CHUNK = 2**20
CARD, OWN_CARD = "README.md", "README.original.md"
# A tar ends with two empty blocks.
END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class Entry:
    info: tarfile.TarInfo
    # Where its content lies, or the content.
    source: Path | bytes

    @property
    def head(self) -> bytes:
        return self.info.tobuf()

    @property
    def padding(self) -> bytes:
        return bytes(-self.info.size % tarfile.BLOCKSIZE)


def archive_of(checkpoint: Checkpoint, member: Member) -> StreamingHttpResponse:
    """The response with the files that are kept and a model card. Raises Refused where the files
    can't be used."""
    folder = usable_weights(checkpoint)
    try:
        contents = inspect(folder)
    except OSError:
        raise Refused("Its files are not on this server any more.", code="no_model") from None
    name = served_name(checkpoint)
    entries = [
        _entry(f"{name}/{OWN_CARD if file == CARD else file}", folder / file)
        for file in contents.files
    ]
    card = _entry(f"{name}/{CARD}", card_of(checkpoint, contents, member).encode())
    card.info.mtime = int(checkpoint.created_at.timestamp())
    entries.append(card)
    size = sum(len(one.head) + one.info.size + len(one.padding) for one in entries) + len(END)
    return StreamingHttpResponse(
        _stream(entries),
        content_type="application/x-tar",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.tar"',
            "Content-Length": str(size),
        },
    )


def _entry(name: str, source: Path | bytes) -> Entry:
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    if isinstance(source, bytes):
        info.size = len(source)
    else:
        found = source.stat()
        info.size, info.mtime = found.st_size, int(found.st_mtime)
    return Entry(info, source)


async def _stream(entries: list[Entry]) -> AsyncIterator[bytes]:
    """The tar in pieces. Files are read in threads: the server's loop never waits for a disk."""
    for entry in entries:
        yield entry.head
        with _opened(entry.source) as content:
            left = entry.info.size
            while left:
                chunk = await sync_to_async(content.read, thread_sensitive=False)(min(CHUNK, left))
                if not chunk:
                    raise OSError(f"{entry.info.name} became shorter while it was sent")
                left -= len(chunk)
                yield chunk
        yield entry.padding
    yield END


def _opened(source: Path | bytes) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
