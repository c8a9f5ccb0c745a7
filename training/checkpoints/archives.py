"""Unpack a model from a zip, tar or tar.gz file. All names and sizes are checked before the first
file is written, and no file may become larger than it said."""

import gzip
import math
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from training.checkpoints.contents import CONFIG, require_model
from training.checkpoints.limits import (
    DEPTH,
    DIRECTORY_BYTES,
    FILES,
    MEMBERS,
    NAME_CHARS,
    RATIO,
    RATIO_FROM_BYTES,
    TAR_HEADER_BYTES,
    is_kept,
    is_pickle,
)
from webapp.errors import Refused

CHUNK = 2**20
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RecursionError,
)
END_OF_ZIP, END_OF_ZIP_BYTES, MOST_COMMENT = b"PK\x05\x06", 22, 65_535
# The end of an archive of more than 4 GB: a record, and a locator that says where it begins.
END_OF_ZIP64, END_OF_ZIP64_BYTES = b"PK\x06\x06", 56
ZIP64_LOCATOR, ZIP64_LOCATOR_BYTES = b"PK\x06\x07", 20


@dataclass(frozen=True)
class Member:
    path: PurePosixPath
    size: int
    # The ZipInfo or TarInfo that it is read by.
    info: Any


@dataclass(frozen=True)
class Archive:
    """A checked archive: `kept` are the files of its model, `left_out` the names of all others."""

    source: Any
    kept: list[Member]
    left_out: list[str]

    @property
    def size(self) -> int:
        """Bytes that `write` will need."""
        return sum(member.size for member in self.kept)

    def write(self, folder: Path) -> None:
        """Write the model's files into an existing folder. Raises Refused where the archive turns
        out to be broken; what was written until then stays."""
        with _told_as_broken():
            for member in self.kept:
                self._write(member, folder / member.path.name)

    def _write(self, member: Member, target: Path) -> None:
        written = 0
        with _opened(self.source, member) as content, target.open("xb") as file:
            while chunk := content.read(CHUNK):
                written += len(chunk)
                if written > member.size:
                    break
                file.write(chunk)
        if written != member.size:
            raise _refused(f"{target.name} is not as large as the archive says")


@contextmanager
def opened_archive(file: IO[bytes], size: int) -> Iterator[Archive]:
    """Check an archive of `size` bytes. Raises Refused for what is no archive, for names, links
    and sizes that are not allowed, for pickle files, and where no model is in it."""
    most = max(RATIO * size, RATIO_FROM_BYTES)
    with _told_as_broken(), _source_of(file, most) as source:
        members = list(_members_of(source, most))
        folder = _folder_of(members)
        kept = [one for one in members if one.path.parent == folder and is_kept(one.path.name)]
        names = [one.path.name for one in kept]
        require_model(names)
        if len(kept) > FILES:
            raise _refused(f"a model may have at most {FILES} files")
        if len(set(names)) < len(names):
            raise _refused("it has two files of the same name")
        yield Archive(source, kept, [str(one.path) for one in members if one not in kept])


def _folder_of(members: list[Member]) -> PurePosixPath:
    """The folder of the model: that of the config.json which lies highest."""
    configs = [one.path for one in members if one.path.name == CONFIG]
    if configs:
        return min(configs, key=lambda path: len(path.parts)).parent
    # There is no config.json, so `require_model` raises.
    require_model({one.path.name for one in members})
    raise AssertionError("require_model refuses a list without config.json")


@contextmanager
def _source_of(file: IO[bytes], most: int) -> Iterator[Any]:
    """The archive as its library opens it."""
    start = file.read(4)
    file.seek(0)
    if start.startswith(b"PK"):
        _require_small_directory(file)
        with zipfile.ZipFile(file) as found:
            yield found
    elif start.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as plain, _tar(_Bounded(plain, most)) as found:
            yield found
    else:
        with _tar(_Bounded(file, most)) as found:
            yield found


def _tar(file: Any) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except tarfile.ReadError:
        raise Refused(
            "This is not an archive that can be read. Upload a zip, tar or tar.gz file.",
            code="no_archive",
        ) from None


class _Bounded:
    """A file that ends the reading of what unpacks to too much. `header_left` is how many bytes
    may still be read: tarfile reads all headers of a member before it tells of the member."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._most = file, most
        self.tell, self.seek = file.tell, self._seek
        self.header_left: float = TAR_HEADER_BYTES

    def _seek(self, offset: int, whence: int = 0) -> int:
        if offset > self._most:
            raise _too_much()
        return int(self._file.seek(offset, whence))

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self.header_left:
            raise _refused("a header in it is too large. Make it anew with plain tar or zip")
        if self.tell() + size > self._most + CHUNK:
            raise _too_much()
        self.header_left -= size
        return bytes(self._file.read(size))


def _infos_of(source: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar, without the extra headers, which would be kept with each of them."""
    bounded: Any = source.fileobj
    for info in source:
        if source.pax_headers:
            raise _refused("it has a header for all files. Make it anew with plain tar or zip")
        info.pax_headers = {}
        yield info
        bounded.header_left = TAR_HEADER_BYTES
    # What is read from here on is the content of members, in pieces.
    bounded.header_left = math.inf


def _require_small_directory(file: IO[bytes]) -> None:
    """zipfile reads the whole list of members at once: look first how long it is."""
    size = file.seek(0, 2)
    start = max(0, size - END_OF_ZIP_BYTES - MOST_COMMENT)
    tail = _read_at(file, start, size - start)
    at = tail.rfind(END_OF_ZIP)
    if at < 0 or len(tail) - at < END_OF_ZIP_BYTES:
        raise zipfile.BadZipFile
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    count64, length64 = _directory64(file, start + at)
    file.seek(0)
    if max(count, count64) > MEMBERS or max(length, length64) > DIRECTORY_BYTES:
        raise _refused(f"it may have at most {MEMBERS:,} files")


def _directory64(file: IO[bytes], end: int) -> tuple[int, int]:
    """(members, bytes) of the list that the zip64 record before the end record tells, zeros
    without one. zipfile believes it whatever the end record says, so it must lie where every
    version of zipfile looks for it."""
    at = end - ZIP64_LOCATOR_BYTES
    locator = _read_at(file, at, ZIP64_LOCATOR_BYTES) if at >= 0 else b""
    if not locator.startswith(ZIP64_LOCATOR):
        return 0, 0
    place = int.from_bytes(locator[8:16], "little")
    if place != at - END_OF_ZIP64_BYTES:
        raise zipfile.BadZipFile
    record = _read_at(file, place, END_OF_ZIP64_BYTES)
    if not record.startswith(END_OF_ZIP64):
        raise zipfile.BadZipFile
    return int.from_bytes(record[32:40], "little"), int.from_bytes(record[40:48], "little")


def _read_at(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _members_of(source: Any, most: int) -> Iterator[Member]:
    """The files of an archive. Folders are left out: they are made where they are needed."""
    is_zip = isinstance(source, zipfile.ZipFile)
    total = 0
    for count, info in enumerate(source.infolist() if is_zip else _infos_of(source)):
        if count >= MEMBERS:
            raise _refused(f"it may have at most {MEMBERS:,} files")
        name, size, is_file = _of_zip(info) if is_zip else _of_tar(info)
        path = _checked(name)
        if not is_file:
            continue
        total += size
        if total > most:
            raise _too_much()
        if is_pickle(path.name):
            raise _refused(
                f"{path.name} is a pickle file, which can run code when it is loaded. Remove it "
                "and upload the archive again"
            )
        yield Member(path, size, info)


def _of_zip(info: zipfile.ZipInfo) -> tuple[str, int, bool]:
    """(name, size, whether it is a file and no folder)."""
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(f"{info.filename[:80]} is a link or a device")
    if info.flag_bits & 1:
        raise _refused("it is locked with a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("it is packed in a way that is not supported. Use plain zip or tar.gz")
    return info.orig_filename, info.file_size, not info.is_dir()


def _of_tar(info: tarfile.TarInfo) -> tuple[str, int, bool]:
    if not (info.isreg() or info.isdir()) or info.issparse():
        raise _refused(f"{info.name[:80]} is a link or a device")
    return info.name, info.size, info.isreg()


def _checked(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or not name.isprintable()
        or "\\" in name
        or ":" in name
        or len(path.parts) > DEPTH
        or any(len(part) > NAME_CHARS for part in path.parts)
    ):
        raise _refused(f"the name {name[:80]!a} is not allowed")
    return path


@contextmanager
def _opened(source: Any, member: Member) -> Iterator[IO[bytes]]:
    is_zip = isinstance(source, zipfile.ZipFile)
    content = source.open(member.info) if is_zip else source.extractfile(member.info)
    with content:
        yield content


@contextmanager
def _told_as_broken() -> Iterator[None]:
    try:
        yield
    except BROKEN:
        raise _refused("it is damaged or incomplete. Create it again and upload it") from None


def _too_much() -> Refused:
    return _refused(
        "its contents are far larger than the file itself, which is not normal for a model"
    )


def _refused(why: str) -> Refused:
    return Refused(f"The archive was not unpacked: {why}.", code="archive")
