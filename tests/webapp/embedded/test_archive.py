"""Who can read an archive while it is written, and what a hostile one can't do."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from webapp.embedded import archive
from webapp.embedded.process import ServiceError

KEY = b"key"
MIB = 1024 * 1024


def test_a_file_that_was_there_does_not_open_an_archive_to_others(tmp_path: Path) -> None:
    found, made = tmp_path / "found", tmp_path / "backup.tar.unfinished"
    found.touch(mode=0o644)
    made.symlink_to(found)
    with archive.writing(made, key=KEY):
        pass
    assert not made.is_symlink()
    assert made.stat().st_mode & 0o777 == 0o600
    assert found.read_bytes() == b""


def member(name: str, **attributes: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for attribute, value in attributes.items():
        setattr(made, attribute, value)
    return made


def tar_of(path: Path, *members: tarfile.TarInfo, format: int = tarfile.PAX_FORMAT) -> Path:
    """With zeros for the content of each."""
    with tarfile.open(path, "w", format=format) as tar:
        for each in members:
            tar.addfile(each, io.BytesIO(bytes(each.size)) if each.size else None)
    return path


def read(path: Path, room: int = 8 * MIB) -> archive.Contents:
    return archive.read_through(
        path, key=KEY, first="manifest.json", at_root=("manifest.json", "dump"),
        folders=("files",), room=room,
    )  # fmt: skip


def refused(path: Path, **options: int) -> str:
    """The one sentence or two that somebody reads."""
    with pytest.raises(ServiceError) as error:
        read(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_was_signed_is_known_again(tmp_path: Path) -> None:
    made, source = tmp_path / "backup.tar", tmp_path / "source"
    source.write_bytes(b"{}")
    with archive.writing(made, key=KEY) as tar:
        tar.add(source, "manifest.json")
        tar.add(source, "files/a/b")
    contents = read(made)
    assert (contents.is_ours, contents.first, contents.names) == (True, b"{}", {"manifest.json"})
    archive.unpack(made, tmp_path / "new", key=KEY, contents=contents)
    assert (tmp_path / "new/files/a/b").read_bytes() == b"{}"
    # Between the two, somebody writes another byte of the same file.
    made.write_bytes(made.read_bytes().replace(b"{}", b"[]"))
    with pytest.raises(ServiceError, match="changed while it was read"):
        archive.unpack(made, tmp_path / "other", key=KEY, contents=contents)


NAMES = (
    "../escaped", "/escaped", "files/../../escaped", "files/..", "files", "files/", "./dump",
    "files//a", "other/a", "dump/a", "", "files/a\0b",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_backup_has_is_refused(name: str, tmp_path: Path) -> None:
    made = member("x", size=1, pax_headers={"path": name or "."})
    assert "is no name in a backup" in refused(tar_of(tmp_path / "a.tar", made))


def test_a_terminal_obeys_no_name(tmp_path: Path) -> None:
    made = member("x", size=1, pax_headers={"path": "other/\x1b[2J" + "a" * 5_000})
    said = refused(tar_of(tmp_path / "a.tar", made))
    assert said.isprintable() and len(said) < 400


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
        tarfile.DIRTYPE, tarfile.CONTTYPE,
    ],
)  # fmt: skip
def test_links_devices_and_folders_are_refused(kind: bytes, tmp_path: Path) -> None:
    made = member("files/a", type=kind, linkname="/etc/passwd")
    path = tar_of(tmp_path / "a.tar", made)
    if kind == tarfile.CONTTYPE:  # an old name of a regular file
        read(path)
    else:
        assert "is no plain file" in refused(path)


def test_a_file_with_holes_is_refused(tmp_path: Path) -> None:
    """It takes no room in the archive, and a terabyte on the disk."""
    headers = {
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "files/a",
        "GNU.sparse.map": "0,1", "GNU.sparse.numblocks": "1", "GNU.sparse.size": str(2**40),
    }  # fmt: skip
    made = member("files/a", size=1, pax_headers=headers)
    assert "is no plain file" in refused(tar_of(tmp_path / "a.tar", made))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_archive_is_refused_unread(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    plain = tar_of(tmp_path / "a.tar", member("files/a", size=64 * MIB))
    bomb = tmp_path / "bomb.tar.gz"
    bomb.write_bytes(compress(plain.read_bytes()))
    assert bomb.stat().st_size < MIB
    assert "is compressed" in refused(bomb)


@pytest.mark.parametrize(
    "members",
    [
        [member("files/a", size=3 * MIB), member("files/b", size=3 * MIB)],
        # Empty files take room, too.
        [member(f"files/{n}") for n in range(1_100)],
    ],
)
def test_an_archive_that_is_larger_than_the_disk_is_refused(
    members: list[tarfile.TarInfo], tmp_path: Path
) -> None:
    path = tar_of(tmp_path / "a.tar", *members)
    assert "more room than the disk has" in refused(path, room=4 * MIB)


def test_folders_take_room_and_each_counts_once_in_a_sorted_archive(tmp_path: Path) -> None:
    deep = "files/" + "a/" * 40
    one = tar_of(tmp_path / "a.tar", member(f"{deep}0"))
    many = tar_of(tmp_path / "b.tar", *(member(f"{deep}{n}") for n in range(50)))
    assert "more room than the disk has" in refused(one, room=40 * archive.BLOCK)
    read(many, room=100 * archive.BLOCK)


@pytest.mark.parametrize("name", ["files/" + "a/" * 2_000 + "b", "files/" + "a" * 1_000])
def test_a_name_too_deep_or_too_long_is_refused(name: str, tmp_path: Path) -> None:
    """Python could neither make nor remove folders in so many others."""
    path = tar_of(tmp_path / "a.tar", member(name, size=1))
    assert "has too long a name" in refused(path)


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("too deep")])
def test_what_a_machine_can_not_hold_is_told_in_a_sentence(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(tarfile.TarInfo, "frombuf", fail)
    path = tar_of(tmp_path / "a.tar", member("files/a"))
    assert refused(path).endswith(("more memory than there is", "too deep"))


def test_a_size_is_believed_before_the_content_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(member("files/a", size=2**40).tobuf())
    assert "more room than the disk has" in refused(path)


def test_a_disk_that_fills_meanwhile_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tar_of(tmp_path / "a.tar", member("files/a", size=4 * MIB))
    contents = read(path)
    room = iter([4 * MIB, 3 * MIB, 0])
    monkeypatch.setattr(archive, "room_in", lambda folder: next(room))
    with pytest.raises(ServiceError, match="The disk is full"):
        archive.unpack(path, tmp_path / "new", key=KEY, contents=contents)
    assert (tmp_path / "new/files/a").stat().st_size == 2 * MIB


def test_an_empty_file_is_not_written_to_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tar_of(tmp_path / "a.tar", member("files/a"))
    contents = read(path)
    monkeypatch.setattr(archive, "room_in", lambda folder: 0)
    with pytest.raises(ServiceError, match="The disk is full"):
        archive.unpack(path, tmp_path / "new", key=KEY, contents=contents)
    assert not list((tmp_path / "new").iterdir())


def test_a_large_manifest_is_refused(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", member("manifest.json", size=MIB + 1))
    assert "'manifest.json' is too large" in refused(path)


def test_a_large_header_is_not_read(tmp_path: Path) -> None:
    made = member("files/a", pax_headers={"comment": "a" * 2 * MIB})
    assert "a header is too long" in refused(tar_of(tmp_path / "a.tar", made))


def broken_tars() -> dict[str, bytes]:
    whole = member("files/a", size=4096).tobuf()
    pax = member("x", type=tarfile.XHDTYPE, size=512).tobuf()
    return {
        "empty": b"",
        "no tar": os.urandom(4096),
        "cut off": whole + bytes(100),
        "pax without an end": pax + b"99 path=" + bytes(504),
        "pax of no number": pax + b"a=b\n".ljust(512, b"\0"),
        "a chain of headers": pax + b"9 a=bcd\n".ljust(512, b"\0"),
        "many headers": (pax + b"8 a=bcd\n".ljust(512, b"\0")) * 5_000,
        "no such sparse map": (
            pax + b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n".ljust(512, b"\0") + whole
        ),
    }


@pytest.mark.parametrize("content", broken_tars().values(), ids=broken_tars().keys())
def test_what_is_no_tar_is_told_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    try:
        assert not read(path).is_ours
    except ServiceError as error:
        assert "is not a backup" in str(error)


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    assert "is not a backup that can be read" in refused(tmp_path)
    assert "is not a backup that can be read" in refused(tmp_path / "missing")
