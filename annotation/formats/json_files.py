"""JSON Lines and JSON arrays from a binary file, one value in memory at a time."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from annotation.formats.records import LIMITS, Broken, Limits, UnreadableFile
from annotation.formats.strict_json import excerpt, parse

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


_SKIP_BYTES = 65_536


def json_lines(file: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes, Any | Broken]]:
    """(line number from 1, its bytes, its value or Broken) for each line that is not blank.

    Raises UnreadableFile for a file that is empty, compressed, not UTF-8 by its first bytes, or
    an array.
    """
    for number, line, whole in _filled_lines(file, limits):
        if whole:
            yield number, line, parse(line, line=number, unit="Line", limits=limits)
        else:
            reason = f"Line is too long: at most {limits.record_bytes:,} bytes are read"
            yield number, line, Broken(number, reason, excerpt(line))


def count_lines(file: BinaryIO, limits: Limits = LIMITS) -> int:
    """How many values `json_lines` yields, without parsing one."""
    return sum(1 for _ in _filled_lines(file, limits))


def _filled_lines(file: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes, bool]]:
    """(number, bytes, whether they are the whole line) of each line that is not blank."""
    found = False
    for number, (raw, whole) in enumerate(_raw_lines(file, limits.record_bytes), start=1):
        line = strip_opening(raw) if number == 1 else raw
        if line.strip():
            if not found and line.lstrip().startswith(b"["):
                raise UnreadableFile(
                    "The file is a JSON array. This format is JSON Lines: each record on a line of "
                    "its own, without brackets and commas around it. `jq -c '.[]' FILE` writes it."
                )
            found = True
            yield number, line, whole
    if not found:
        raise UnreadableFile("The file is empty.")


def _raw_lines(file: BinaryIO, limit: int) -> Iterator[tuple[bytes, bool]]:
    """(bytes without the line end, whether that is the whole line) of each line."""
    while raw := file.readline(limit + 1):
        whole = raw.endswith(b"\n") or len(raw) <= limit
        if not whole:
            _skip_line(file)
        yield raw.rstrip(b"\r\n"), whole


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(_SKIP_BYTES)) and not rest.endswith(b"\n"):
        pass


_CHUNK_BYTES = 65_536
_STRUCTURE = re.compile(rb'["{}\[\],]')
_STRING_END = re.compile(rb'["\\\n]')


def json_entries(file: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes, Any | Broken]]:
    """(index from 1, its bytes, its value or Broken) for each entry of the array.

    Raises UnreadableFile for a file that is empty, compressed, not UTF-8 by its first bytes,
    or not an array.
    """
    for index, (raw, fault) in enumerate(_raw_entries(file, limits.record_bytes), start=1):
        if fault:
            yield index, raw, Broken(index, fault, excerpt(raw))
        else:
            yield index, raw, parse(raw, line=index, unit="Entry", limits=limits)


def count_entries(file: BinaryIO, limits: Limits = LIMITS) -> int:
    """How many values `json_entries` yields, without parsing one."""
    return sum(1 for _ in _raw_entries(file, limits.record_bytes))


def _raw_entries(file: BinaryIO, limit: int) -> Iterator[tuple[bytes, str | None]]:
    """(bytes of an entry, what is wrong with it as a whole or None)."""
    splitter = _Splitter(limit)
    chunk = _after_opening_bracket(file)
    while chunk:
        yield from splitter.feed(chunk)
        if splitter.closed:
            chunk = splitter.rest + file.read(_CHUNK_BYTES)
            break
        chunk = file.read(_CHUNK_BYTES)
    if not splitter.closed:
        yield from splitter.cut_off()
    elif chunk.strip():
        yield (
            chunk,
            "There is text after the end of the array. Is there one closing bracket too many?",
        )
    if not splitter.count:
        raise UnreadableFile("The file is a JSON array without entries.")


def _after_opening_bracket(file: BinaryIO) -> bytes:
    """The first bytes after the array's opening bracket."""
    chunk = strip_opening(file.read(_CHUNK_BYTES)).lstrip()
    while not chunk:
        if not (more := file.read(_CHUNK_BYTES)):
            raise UnreadableFile("The file is empty.")
        chunk = more.lstrip()
    if not chunk.startswith(b"["):
        raise UnreadableFile("The file is not a JSON array. It must begin with [.")
    # A space keeps the loop going where the file's first read ends with the bracket.
    return chunk[1:] or b" "


class _Splitter:
    """Cuts the inside of an array into entries; memory is bounded by one entry's limit."""

    def __init__(self, limit: int) -> None:
        self.count = 0
        self.closed = False
        self.rest = b""  # what follows the array's closing bracket
        self._limit = limit
        self._depth = 1  # of open brackets, the array's own among them
        self._in_string = False
        self._escaped = False  # the last chunk ended with a backslash
        self._entry = bytearray()

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, str | None]]:
        start = 0
        position = int(self._escaped)
        while found := (_STRING_END if self._in_string else _STRUCTURE).search(chunk, position):
            token, position = found[0], found.end()
            if self._in_string:
                self._in_string = token == b"\\"
                position += self._in_string  # the escaped character, whatever it is
                continue
            self._in_string = token == b'"'
            self._depth += (token in b"{[") - (token in b"}]")
            self.closed = self._depth == 0
            if self.closed or (token == b"," and self._depth == 1):
                self._keep(chunk[start : found.start()])
                yield from self._take(last=self.closed)
                start = position
            if self.closed:
                self.rest = chunk[position:]
                return
        self._escaped = position > len(chunk)
        self._keep(chunk[start:])

    def cut_off(self) -> Iterator[tuple[bytes, str | None]]:
        """What is left where the file ends before the array does."""
        if self._depth == 1 and not self._in_string:
            yield from self._take(last=True)
            self.count += 1
            yield b"", "The array has no closing bracket at the end of the file."
        else:
            fault = (
                "The file ends inside this entry. It is cut off, or a bracket or quote is missing"
            )
            self.count += 1
            yield bytes(self._entry), fault

    def _keep(self, part: bytes) -> None:
        room = self._limit + 1 - len(self._entry)  # one byte more tells that it is too long
        self._entry += (part if self._entry else part.lstrip())[: max(0, room)]

    def _take(self, *, last: bool) -> Iterator[tuple[bytes, str | None]]:
        entry, self._entry = bytes(self._entry), bytearray()
        if not entry and last and not self.count:
            return
        self.count += 1
        if not entry:
            yield entry, "Entry is empty: one comma too many"
        elif len(entry) > self._limit:
            yield entry, f"Entry is too long: at most {self._limit:,} bytes are read"
        else:
            yield entry, None
