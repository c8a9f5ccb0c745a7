"""A signed tar: who has the key can tell whether an archive was written with it, and unchanged."""

import contextlib
import hmac
import io
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from webapp.embedded import plain_tar
from webapp.embedded.process import ServiceError

SIGNATURE = "signature"
SIGNATURE_BYTES = 64
CHUNK = 1024 * 1024
# A file takes at least so much of a disk, and its name as much again.
BLOCK = 4096
# What an archive leaves free on the disk.
KEPT_FREE = 256 * 1024 * 1024
MAX_FIRST = CHUNK
# Python makes and removes folders by calls within calls, one for each folder of a name.
MAX_PARTS = 50
MAX_NAME = 1_000
NAMED_CHARS = 80
NOTHING_DONE = "Nothing was restored."
# How files of gzip, bzip2, xz and zstd begin.
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
# What tarfile raises over headers that no tar has, beside its own errors.
BROKEN = (
    OSError, EOFError, tarfile.TarError, ValueError, IndexError, KeyError, OverflowError,
    MemoryError, RecursionError,
)  # fmt: skip


class Writer:
    """Adds files to a tar and signs what it has added."""

    def __init__(self, tar: tarfile.TarFile, key: bytes) -> None:
        self._tar = tar
        self._mac = hmac.new(key, digestmod="sha256")

    def add(self, path: Path, name: str) -> None:
        """As long as the file is now: what is written to its end meanwhile is left out.

        Raises FileNotFoundError where it is gone.
        """
        with path.open("rb") as file:
            member = self._tar.gettarinfo(arcname=name, fileobj=file)
            self._mac.update(_head(member))
            try:
                self._tar.addfile(member, _Seen(file, self._mac))
            except OSError as error:
                raise ServiceError(f"{path} could not be read ({error}). Try again.") from error

    def add_folder(self, folder: Path, name: str) -> None:
        """All regular files below `folder`, less those that go meanwhile."""
        for path in _files_below(folder):
            if path.is_file() and not path.is_symlink():
                with contextlib.suppress(FileNotFoundError):
                    self.add(path, f"{name}/{path.relative_to(folder).as_posix()}")

    def sign(self) -> None:
        text = self._mac.hexdigest().encode()
        member = tarfile.TarInfo(SIGNATURE)
        member.size = len(text)
        self._tar.addfile(member, io.BytesIO(text))


def _files_below(folder: Path) -> list[Path]:
    """Not by `rglob`: it fails where a folder goes meanwhile, as that of an upload or of a
    checkpoint, and leaves out a folder that it may not read without a word."""

    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise ServiceError(f"{error.filename} could not be read ({error}).") from error

    walked = os.walk(folder, onerror=fail)
    return sorted(Path(parent) / name for parent, _, names in walked for name in names)


@contextlib.contextmanager
def writing(path: Path, *, key: bytes) -> Iterator[Writer]:
    """A new tar that only its owner can read, signed at the end and then safe on the disk."""
    # Somebody else may have made a file of this name, to read what is written into it.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # A file of two names is written twice: a link would be no regular file.
        with tarfile.open(fileobj=file, mode="w", dereference=True) as tar:
            writer = Writer(tar, key)
            yield writer
            writer.sign()
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Contents:
    """What an archive holds, as it was read through: `is_ours` where it was signed with our key
    and holds nothing but what was signed, `first` the content of one small file."""

    is_ours: bool
    first: bytes | None
    names: frozenset[str]
    digest: str


def read_through(
    archive: Path,
    *,
    key: bytes,
    first: str,
    at_root: Iterable[str],
    folders: Iterable[str],
    room: int,
) -> Contents:
    """Judge an archive without writing anything. Only the files `at_root` and files below
    `folders` may be in it; `first` is one of them and small.

    Raises ServiceError for a file that is no tar, for anything else in it, for a `first` above
    MAX_FIRST, and where its files would take more than `room` bytes.
    """
    mac, signature = hmac.new(key, digestmod="sha256"), b""
    taken, before = 0, PurePosixPath()
    found: bytes | None = None
    names: set[str] = set()
    root = frozenset(at_root)
    with _opened(archive) as members:
        for member, content in members:
            _require_expected(archive, member, root, frozenset(folders))
            if member.name == SIGNATURE:
                signature = content.read(SIGNATURE_BYTES)
                continue
            path = PurePosixPath(member.name)
            taken += _takes(member, path, before)
            before = path
            if taken > room:
                raise ServiceError(f"{archive} needs more room than the disk has. {NOTHING_DONE}")
            mac.update(_head(member))
            seen = _Seen(content, mac)
            if member.name == first:
                found = _read_small(archive, member, seen)
            while seen.read(CHUNK):
                pass
            names |= {member.name} & root
    digest = mac.hexdigest()
    is_ours = hmac.compare_digest(digest.encode(), signature)
    return Contents(is_ours, found, frozenset(names), digest)


def unpack(archive: Path, folder: Path, *, key: bytes, contents: Contents) -> None:
    """Unpack what was read through. Raises ServiceError where it is something else by now, and
    where the disk fills meanwhile."""
    mac = hmac.new(key, digestmod="sha256")
    folder.mkdir()
    with _opened(archive) as members:
        for member, content in members:
            if member.name != SIGNATURE:
                _require_plain(archive, member)
                mac.update(_head(member))
                _write(_Seen(content, mac), folder, member.name)
    if not hmac.compare_digest(mac.hexdigest(), contents.digest):
        raise ServiceError(f"{archive} changed while it was read. {NOTHING_DONE}")


def room_in(folder: Path) -> int:
    """The bytes that may be written there."""
    return shutil.disk_usage(folder).free - KEPT_FREE


def _takes(member: tarfile.TarInfo, path: PurePosixPath, before: PurePosixPath) -> int:
    """The bytes that a file and its folders take, less the folders of the file `before`.

    Backups are sorted, so that each folder counts once. In any other order it counts again: to
    keep all folders in mind would take more memory than there is.
    """
    known = frozenset(before.parents)
    new = sum(parent not in known for parent in path.parents)
    return (1 + new) * BLOCK + -(-member.size // BLOCK) * BLOCK


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, plain_tar.Content]]]:
    """Not a compressed one: what it holds may be a million times as large. Says in a sentence
    what tarfile and the disk raise meanwhile."""
    try:
        with archive.open("rb") as file:
            if file.read(6).startswith(COMPRESSED):
                raise ServiceError(f"{archive} is compressed. Decompress it first. {NOTHING_DONE}")
            file.seek(0)
            yield plain_tar.members(file)
    except BROKEN as error:
        why = str(error) or "it takes more memory than there is"  # a MemoryError says nothing
        raise ServiceError(f"{archive} is not a backup that can be read: {why}") from error


def _require_expected(
    archive: Path, member: tarfile.TarInfo, root: frozenset[str], folders: frozenset[str]
) -> None:
    _require_plain(archive, member)
    top, _, below = member.name.partition("/")
    if member.name not in root | {SIGNATURE} and not (top in folders and below):
        raise _not_ours(archive, member, "is no name in a backup")


def _require_plain(archive: Path, member: tarfile.TarInfo) -> None:
    """Refuse what is no regular file, and a name that leads elsewhere or that no file has."""
    if not plain_tar.is_plain(member):
        raise _not_ours(archive, member, "is no plain file")
    path = PurePosixPath(member.name)
    is_below = not path.is_absolute() and ".." not in path.parts and str(path) == member.name
    if not is_below or "\0" in member.name:
        raise _not_ours(archive, member, "is no name in a backup")
    if len(member.name) > MAX_NAME or len(path.parts) > MAX_PARTS:
        raise _not_ours(archive, member, "has too long a name")


def _not_ours(archive: Path, member: tarfile.TarInfo, why: str) -> ServiceError:
    # As ASCII: a name may have signs that a terminal obeys.
    name = ascii(member.name[:NAMED_CHARS])
    return ServiceError(f"{archive} is not a backup: {name} {why}. {NOTHING_DONE}")


def _read_small(archive: Path, member: tarfile.TarInfo, content: "_Seen") -> bytes:
    if member.size > MAX_FIRST:
        raise _not_ours(archive, member, "is too large")
    return content.read(MAX_FIRST)


def _write(content: "_Seen", folder: Path, name: str) -> None:
    target = folder / name
    part = content.read(CHUNK)
    _require_room(folder, len(part) or BLOCK)  # the name of an empty file takes room, too
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(part)
        while part := content.read(CHUNK):
            _require_room(folder, len(part))
            file.write(part)


def _require_room(folder: Path, size: int) -> None:
    if room_in(folder) < size:
        raise ServiceError(f"The disk is full. {NOTHING_DONE}")


def _head(member: tarfile.TarInfo) -> bytes:
    return f"{member.name}\0{member.size}\0".encode("utf-8", "surrogateescape")


class _Read(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Seen:
    """Reads a file, and signs what it reads."""

    def __init__(self, file: _Read, mac: hmac.HMAC) -> None:
        self._file = file
        self._mac = mac

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self._mac.update(part)
        return part
