"""Short ways to read bytes and files in these tests."""

import io
import json
import os
from pathlib import Path

import pytest

from annotation.formats.records import LIMITS, Broken, Limits, Record

SHAPES = Path(__file__).parent.parent / "data"


def read(reader, content: bytes, limits: Limits = LIMITS) -> list[Record | Broken]:
    return list(reader(io.BytesIO(content), limits))


def read_file(reader, path: Path) -> tuple[list[Record], list[Broken]]:
    with path.open("rb") as file:
        found = list(reader(file))
    return (
        [item for item in found if isinstance(item, Record)],
        [item for item in found if isinstance(item, Broken)],
    )


def as_lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def licensed(name: str) -> Path:
    """A file of KARDIA_DATA; skips the test where there is none."""
    folder = os.environ.get("KARDIA_DATA")
    if not folder:
        pytest.skip("KARDIA_DATA is not set: the licensed files are not here")
    return Path(folder) / name


def sample_of(file: Path) -> bytes:
    """Some hundred records from all over a file: every seventh line, or every third entry of an
    array. Enough for a test; the whole file takes minutes where the machine has much to do."""
    if file.suffix == ".json":
        return json.dumps(json.loads(file.read_text(encoding="utf-8"))[::3]).encode()
    return b"".join(file.read_bytes().splitlines(keepends=True)[::7])
