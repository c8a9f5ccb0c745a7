"""The first bytes of a file: the byte order mark, and what is refused by its signature."""

from annotation.formats.records import UnreadableFile

BOM = b"\xef\xbb\xbf"

_SIGNATURES = (
    (b"\x1f\x8b", "is compressed (gzip)"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"PK\x05\x06", "is a zip archive"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd)"),
    (b"BZh", "is compressed (bzip2)"),
    (b"\xfd7zXZ\x00", "is compressed (xz)"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def strip_opening(first: bytes) -> bytes:
    """`first` without a byte order mark; raises UnreadableFile for what is not plain UTF-8."""
    for signature, what in _SIGNATURES:
        if first.startswith(signature):
            raise UnreadableFile(f"The file {what}. Unpack it and upload the text file itself.")
    if first.startswith(_UTF16):
        raise UnreadableFile("The file is encoded as UTF-16. Save it as UTF-8.")
    return first.removeprefix(BOM)
