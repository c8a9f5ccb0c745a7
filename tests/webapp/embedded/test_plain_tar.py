"""Headers that tarfile would read for minutes or into all of memory are refused; those that our
own backups and common tars have are read."""

import io
import tarfile
from pathlib import Path
from typing import Literal

import pytest

from tests.webapp.embedded.test_archive import KEY, MIB, member, read, refused, tar_of
from webapp.embedded import archive, plain_tar


def header(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    head = member("x", type=kind, size=len(body) if size is None else size)
    return head.tobuf(tarfile.GNU_FORMAT) + body.ljust(-(-len(body) // 512) * 512, b"\0")


def record(keyword: str, value: str) -> bytes:
    rest = f" {keyword}={value}\n"
    length = next(n for n in range(len(rest), len(rest) + 9) if n == len(f"{n}{rest}"))
    return f"{length}{rest}".encode()


FILE = member("files/a").tobuf(tarfile.USTAR_FORMAT)
X, G, L, K = tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
PLACE = record("path", "files/b")
HOSTILE = {
    "digits, searched in quadratic time": (header(X, b"1" * 32_768), "too long"),
    "a long header for one file": (header(X, record("comment", "a" * 9_000)), "too long"),
    "a header without end": (header(X, b"", size=2**40), "too long"),
    "a negative size": (header(X, PLACE, size=-512), "too long"),
    "an empty header": (header(X, b""), "empty"),
    "a long GNU name": (header(L, b"a" * 9_000), "too long"),
    "a GNU link": (header(K, b"a"), "no plain file"),
    "a header for all files": (header(G, PLACE), "no plain file"),
    "a header of Solaris": (header(tarfile.SOLARIS_XHDTYPE, PLACE), "no plain file"),
    "headers in a row": (header(X, PLACE) * 2, "belongs to no file"),
    "GNU names in a row": (header(L, b"files/b") * 2, "belongs to no file"),
    "headers of two kinds": (header(X, PLACE) + header(L, b"files/b"), "belongs to no file"),
    "a record of no length": (header(X, b"0 path=files/b\n"), "broken"),
    "a record within another": (header(X, b"5 path=files/b\n"), "broken"),
    "a record beyond the end": (header(X, b"99 path=files/b\n"), "broken"),
    "many records of two bytes": (header(X, b"2 " * 2_000 + b"=\n"), "broken"),
    "a size in words": (header(X, record("size", "-1")), "no number"),
    "a size of many digits": (header(X, record("size", "9" * 5_000)), "no number"),
    "a map of holes": (header(X, record("GNU.sparse.map", "0,1," * 1_000)), "no plain file"),
    "a first map of holes": (header(X, record("GNU.sparse.size", "9")), "no plain file"),
    "a newer map of holes": (header(X, record("GNU.sparse.major", "1")), "no plain file"),
    "an old map of holes": (header(tarfile.GNUTYPE_SPARSE, b""), "no plain file"),
}


@pytest.mark.parametrize(("content", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_header_that_no_backup_has_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content + FILE)
    assert why in refused(path)


def test_what_is_refused_is_not_read(tmp_path: Path) -> None:
    """One block is, in which it says how long it is."""
    file = io.BytesIO(header(X, b"1" * MIB) + FILE)
    with pytest.raises(tarfile.ReadError):
        next(plain_tar.members(file))
    assert file.tell() == tarfile.BLOCKSIZE


# Each has a header: of its length, of its signs, of its bytes that are no UTF-8, of its digits.
NAMES = (
    "files/" + "a" * 120, "files/größe", "files/a\udcff", "files/" + "1/" * 40 + "b",
    "files/" + "/".join(["ü" * 120] * 8),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_our_own_backups_are_read(name: str, tmp_path: Path) -> None:
    made, source = tmp_path / "a.tar", tmp_path / "source"
    source.write_bytes(b"content")
    with archive.writing(made, key=KEY) as tar:
        tar.add(source, name)
    with made.open("rb") as file:
        assert [(each.name, each.size) for each, _ in plain_tar.members(file)] == [
            (name, 7), (archive.SIGNATURE, 64),
        ]  # fmt: skip
    assert read(made).is_ours


@pytest.mark.parametrize(
    "format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids="ugp"
)
def test_tars_of_every_format_are_read(format: int, tmp_path: Path) -> None:
    """An archive that somebody unpacked and packed again is still one."""
    long = "files/" + "a" * 90 + "/" + "b" * 90
    made = [member("manifest.json", size=3), member(long, size=513), member("files/c", size=1)]
    path = tar_of(tmp_path / "a.tar", *made, format=format)
    with path.open("rb") as file:
        found = [(each.name, content.read(MIB)) for each, content in plain_tar.members(file)]
    assert found == [(each.name, bytes(each.size)) for each in made]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids="gp")
def test_a_file_above_eight_gib_is_read(format: Literal[1, 2], tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(member("files/a", size=9 * 1024 * MIB).tobuf(format))
    assert "more room than the disk has" in refused(path)
    assert "unexpected end of data" in refused(path, room=10 * 1024 * MIB)


def test_content_that_nobody_read_is_skipped() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in "abc":
            tar.addfile(member(name, size=700), io.BytesIO(name.encode() * 700))
    file.seek(0)
    starts = [(each.name, content.read(2)) for each, content in plain_tar.members(file)]
    assert starts == [("a", b"aa"), ("b", b"bb"), ("c", b"cc")]
