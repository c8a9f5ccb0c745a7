"""Archives are checked before anything of them is written."""

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.training.checkpoints.models import member, model, safetensors, tarred, zipped
from training.checkpoints import archives
from training.checkpoints.archives import opened_archive
from training.checkpoints.limits import DIRECTORY_BYTES, TAR_HEADER_BYTES
from webapp.errors import Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    return made


def unpacked(file: io.BytesIO, folder: Path) -> list[str]:
    """The names in the folder after unpacking."""
    with opened_archive(file, len(file.getvalue())) as found:
        found.write(folder)
    return sorted(path.name for path in folder.iterdir())


def refused(file: io.BytesIO, folder: Path) -> str:
    """Why it was refused; nothing is written."""
    with pytest.raises(Refused) as caught:
        unpacked(file, folder)
    assert list(folder.iterdir()) == []
    return str(caught.value)


@pytest.mark.parametrize(
    "packed",
    [
        zipped,
        lambda files: zipped(files, zipfile.ZIP_STORED),
        tarred,
        lambda files: tarred(files, mode="w"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "my-model/", "a/b/"])
def test_a_model_is_unpacked_flat(packed: object, prefix: str, folder: Path) -> None:
    files = {prefix + name: content for name, content in model().items()}
    files |= {f"{prefix}modeling.py": b"x", f"{prefix}deeper/config.json": b"{}"}
    assert unpacked(packed(files), folder) == sorted(model())  # type: ignore[operator]
    assert (folder / "model.safetensors").read_bytes() == safetensors()


def test_what_is_left_out_is_named(folder: Path) -> None:
    file = zipped(model(modeling__py=b"x"))
    with opened_archive(file, len(file.getvalue())) as found:
        assert found.left_out == ["modeling.py"]
        assert found.size == sum(len(content) for content in model().values())


@pytest.mark.parametrize("name", ["pytorch_model.bin", "x/optimizer.pt", "a.PKL", "m.ckpt"])
@pytest.mark.parametrize("packed", [zipped, tarred])
def test_pickles_are_refused(packed: object, name: str, folder: Path) -> None:
    why = refused(packed(model() | {name: b"x"}), folder)  # type: ignore[operator]
    assert "is a pickle file" in why


NAMES = [
    "/etc/config.json",
    "../config.json",
    "a/../../b.json",
    "a\\b.json",
    "C:x.json",
    "a\nb.json",
]


@pytest.mark.parametrize("name", [*NAMES, "a/" * 9 + "b.json", "x" * 300 + ".json"])
@pytest.mark.parametrize("packed", [zipped, tarred])
def test_names_that_leave_the_folder(packed: object, name: str, folder: Path) -> None:
    why = refused(packed(model() | {name: b"{}"}), folder)  # type: ignore[operator]
    assert "is not allowed" in why


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_of_a_tar(kind: bytes, folder: Path) -> None:
    file = tarred(model(), member("vocab.txt", kind, "/etc/passwd"))
    assert "vocab.txt is a link or a device" in refused(file, folder)


def test_links_of_a_zip(folder: Path) -> None:
    file = zipped(model())
    with zipfile.ZipFile(file, "a") as archive:
        info = zipfile.ZipInfo("vocab.txt")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    file.seek(0)
    assert "vocab.txt is a link or a device" in refused(file, folder)


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_bombs_are_refused(packed: object, folder: Path) -> None:
    why = refused(packed(model(model__safetensors=bytes(2**25))), folder)  # type: ignore[operator]
    assert "its contents are far larger than the file itself" in why


def test_a_header_as_large_as_weights(folder: Path) -> None:
    """tarfile reads such a header whole, before it is known what it is."""
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, TAR_HEADER_BYTES + 1
    out = io.BytesIO(info.tobuf() + bytes(TAR_HEADER_BYTES + 1024))
    assert "header in it is too large" in refused(out, folder)


def pax(kind: bytes, values: bytes) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, len(values)
    return info.tobuf() + values + bytes(-len(values) % tarfile.BLOCKSIZE)


def test_headers_behind_each_other_count_as_one(folder: Path) -> None:
    """tarfile follows them by recursion and keeps each."""
    chain = pax(tarfile.XHDTYPE, b"12 path=abc\n") * 200
    file = io.BytesIO(chain + tarred(model(), mode="w").getvalue())
    assert "header in it is too large" in refused(file, folder)


def test_a_header_for_all_files_is_refused(folder: Path) -> None:
    """tarfile copies it into every member."""
    header = pax(tarfile.XGLTYPE, b"13 comment=x\n")
    file = io.BytesIO(header + tarred(model(), mode="w").getvalue())
    assert "a header for all files" in refused(file, folder)


def test_the_headers_of_a_member_are_not_kept() -> None:
    header = pax(tarfile.XHDTYPE, b"13 comment=x\n")
    file = io.BytesIO(header + tarred(model(), mode="w").getvalue())
    with opened_archive(file, len(file.getvalue())) as found:
        assert [one.info.pax_headers for one in found.kept] == [{}] * len(model())


def test_endless_recursion_is_a_broken_archive(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_: object, **__: object) -> None:
        raise RecursionError

    file = tarred(model())
    monkeypatch.setattr(archives.tarfile, "open", endless)
    assert "damaged or incomplete" in refused(file, folder)


def zip64(file: io.BytesIO, *, count: int, length: int, moved: int = 0) -> io.BytesIO:
    """The same zip with a zip64 record, which zipfile believes before the end record."""
    whole = file.getvalue()
    at = whole.rindex(archives.END_OF_ZIP)
    offset = int.from_bytes(whole[at + 16 : at + 20], "little")
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at + moved, 1)
    return io.BytesIO(whole[:at] + record + locator + whole[at:])


def directory_bytes(file: io.BytesIO) -> int:
    whole = file.getvalue()
    at = whole.rindex(archives.END_OF_ZIP)
    return int.from_bytes(whole[at + 12 : at + 16], "little")


def test_a_zip_of_the_form_for_large_files(folder: Path) -> None:
    plain = zipped(model())
    file = zip64(plain, count=len(model()), length=directory_bytes(plain))
    assert unpacked(file, folder) == sorted(model())


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"count": 10_001, "length": 100}, "at most 10,000 files"),
        ({"count": 1, "length": DIRECTORY_BYTES + 1}, "at most 10,000 files"),
        ({"count": 1, "length": 100, "moved": 1}, "damaged"),
        ({"count": 1, "length": 100, "moved": -1}, "damaged"),
    ],
)
def test_the_record_of_large_zips_is_checked(
    record: dict[str, int], why: str, folder: Path
) -> None:
    assert why in refused(zip64(zipped(model()), **record), folder)


def test_too_many_members(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBERS", 5)
    many = model() | {f"{n}.txt": b"" for n in range(5)}
    assert "at most 5 files" in refused(zipped(many), folder)
    assert "at most 5 files" in refused(tarred(many), folder)
    monkeypatch.setattr(archives, "MEMBERS", 100)
    monkeypatch.setattr(archives, "FILES", 5)
    assert "at most 5 files" in refused(zipped(many), folder)


def test_two_files_of_one_name(folder: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        file = zipped(model())
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("config.json", "{}")
    file.seek(0)
    assert "two files of the same name" in refused(file, folder)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04" + b"x" * 99, b"\x1f\x8b" + b"x" * 99]
)
def test_what_is_no_archive(content: bytes, folder: Path) -> None:
    assert "archive" in refused(io.BytesIO(content), folder)


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_a_cut_off_archive(packed: object, folder: Path) -> None:
    whole = packed(model(model__safetensors=safetensors(5000))).getvalue()  # type: ignore[operator]
    assert "damaged or incomplete" in refused(io.BytesIO(whole[: len(whole) // 2]), folder)


def test_a_zip_whose_member_is_damaged(folder: Path) -> None:
    whole = bytearray(zipped(model(), zipfile.ZIP_STORED).getvalue())
    at = whole.index(safetensors())
    whole[at + 60] ^= 1
    file = io.BytesIO(whole)
    with pytest.raises(Refused, match="damaged"), opened_archive(file, len(whole)) as found:
        found.write(folder)


def test_a_folder_without_a_model(folder: Path) -> None:
    assert "no config.json" in refused(zipped({"notes.txt": b"x"}), folder)
    assert "LoRA adapter" in refused(zipped({"a/adapter_config.json": b"{}"}), folder)
