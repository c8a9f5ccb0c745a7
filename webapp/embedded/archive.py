"""A signed tar: who has the key can tell whether an archive was written with it, and unchanged."""

import contextlib
import hmac
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from webapp.embedded.process import ServiceError

SIGNATURE = "signature"
CHUNK = 1024 * 1024


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


def unpack(archive: Path, folder: Path, *, key: bytes) -> bool:
    """Unpack regular files only, and only below `folder`, whatever the archive says.

    Returns whether it was signed with `key` and holds nothing but what was signed. Raises
    ServiceError for a file that is no tar.
    """
    mac, signature, strange = hmac.new(key, digestmod="sha256"), b"", False
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                path = PurePosixPath(member.name)
                if content is None or path.is_absolute() or ".." in path.parts or signature:
                    strange = True
                elif member.name == SIGNATURE:
                    signature = content.read(CHUNK)
                else:
                    mac.update(_head(member))
                    _write(_Seen(content, mac), folder / path)
    except (OSError, tarfile.TarError) as error:
        raise ServiceError(f"{archive} is not a backup that can be read: {error}") from error
    return not strange and hmac.compare_digest(mac.hexdigest().encode(), signature)


def _write(content: "_Seen", target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while part := content.read(CHUNK):
            file.write(part)


def _head(member: tarfile.TarInfo) -> bytes:
    return f"{member.name}\0{member.size}\0".encode("utf-8", "surrogateescape")


class _Seen:
    """Reads a file, and signs what it reads."""

    def __init__(self, file: IO[bytes], mac: hmac.HMAC) -> None:
        self._file = file
        self._mac = mac

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self._mac.update(part)
        return part
