"""Reads a tar of plain files, one member after another.

`tarfile` reads what a header asks for before anybody can judge it: it searches long headers in
quadratic time, copies the headers of one member into the next, and keeps lists of the holes in
files. Here a header costs no more than its own few blocks, whatever is in it.
"""

import re
import tarfile
from collections.abc import Iterator
from typing import IO

# The longest that a backup has: a name of 1,000 signs, beside times and owners.
MAX_HEADER = 8 * 1024
# "<length of the whole record> <keyword>=<value>\n", as in pax headers.
RECORD = re.compile(rb"(\d{1,5}) ([^=\n]{1,100})=")
EXTENSIONS = (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME)
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
HOLES = b"GNU.sparse."
SIZE_DIGITS = 18


class Content:
    """The content of one member, in the file of the tar."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        wanted = min(size, self._left)
        part = _exactly(self._file, wanted)
        self._left -= wanted
        return part

    def skip(self) -> None:
        while self._left:
            self.read(tarfile.RECORDSIZE)


def members(file: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    """Name, size and type of each member, and its content, to be read before the next one.

    One that is no plain file has no content; the caller refuses it. Raises tarfile.TarError for
    what no backup has.
    """
    records: dict[bytes, bytes] = {}
    while (block := file.read(tarfile.BLOCKSIZE)).strip(tarfile.NUL):
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if member.type in EXTENSIONS:
            if records:
                raise tarfile.ReadError("a header follows that belongs to no file")
            records = _records(member, file)
            continue
        _apply(records, member)
        records = {}
        content = Content(file, member.size if is_plain(member) else 0)
        yield member, content
        content.skip()
        _exactly(file, -member.size % tarfile.BLOCKSIZE)


def is_plain(member: tarfile.TarInfo) -> bool:
    return member.type in PLAIN and member.size >= 0


def _exactly(file: IO[bytes], size: int) -> bytes:
    part = file.read(size)
    if len(part) < size:
        raise tarfile.ReadError("unexpected end of data")
    return part


def _records(header: tarfile.TarInfo, file: IO[bytes]) -> dict[bytes, bytes]:
    """What a header says of the member that follows it."""
    if not 0 < header.size <= MAX_HEADER:
        raise tarfile.ReadError("a header is too long, or empty")
    body = _exactly(file, header.size)
    _exactly(file, -header.size % tarfile.BLOCKSIZE)
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {b"path": body.partition(tarfile.NUL)[0]}
    records, start = {}, 0
    while start < len(body):
        match = RECORD.match(body, start)
        end = start + int(match[1]) if match else 0
        if not match or end <= match.end() or body[end - 1 : end] != b"\n":
            raise tarfile.ReadError("a header is broken")
        if match[2].startswith(HOLES):
            raise tarfile.ReadError("a file with holes is no plain file")
        records[match[2]] = body[match.end() : end - 1]
        start = end
    return records


def _apply(records: dict[bytes, bytes], member: tarfile.TarInfo) -> None:
    """Of all that a header may say, a restore needs the name and the size."""
    if b"path" in records:
        member.name = records[b"path"].decode("utf-8", "surrogateescape")
    if (size := records.get(b"size")) is not None:
        if not size.isdigit() or len(size) > SIZE_DIGITS:
            raise tarfile.ReadError("a size is no number")
        member.size = int(size)
