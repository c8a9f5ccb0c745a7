"""JSON Lines from a binary file, one line in memory at a time."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from annotation.formats.limits import LIMITS, Limits
from annotation.formats.opening import strip_opening
from annotation.formats.records import Broken, UnreadableFile
from annotation.formats.strict_json import excerpt, parse

_SKIP_BYTES = 65_536


def json_lines(file: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes, Any | Broken]]:
    """(line number from 1, its bytes, its value or Broken) for each line that is not blank.

    Raises UnreadableFile for a file that is empty, compressed or not UTF-8 by its first bytes.
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
