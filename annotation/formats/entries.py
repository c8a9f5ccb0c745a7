"""The entries of a JSON array from a binary file, one entry in memory at a time.

The scanner cuts the array at the commas of its first level, so a mistake inside an entry
stays inside it. A raw line end closes an open string (JSON forbids one within a string):
thereby a forgotten quote breaks one entry of a file with line ends, not the rest of it. A
forgotten bracket can't be told from a deeper entry; what it swallows is reported as cut off.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from annotation.formats.limits import LIMITS, Limits
from annotation.formats.opening import strip_opening
from annotation.formats.records import Broken, UnreadableFile
from annotation.formats.strict_json import excerpt, parse

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
        yield chunk, "The array ends before this text: a closing bracket too many?"
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
        raise UnreadableFile("The file is not a JSON array: it does not begin with [.")
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
            yield b"", "The file ends before the array does: its closing bracket is missing."
        else:
            fault = (
                "The file ends inside this entry: it is cut off, or a bracket or quote is missing"
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
            yield entry, "Entry is empty: a comma too many"
        elif len(entry) > self._limit:
            yield entry, f"Entry is too long: at most {self._limit:,} bytes are read"
        else:
            yield entry, None
