"""Write rows as CSV, JSON Lines, Parquet, or as a folder that `datasets.load_dataset` opens.

Nothing is held but the present portion of rows. Every writer ends with `finish`, which gives the
path of one file.
"""

import csv
import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from annotation.exports.columns import Column, Row
from webapp.text import spreadsheet_text

SUFFIXES = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet", "dataset": "zip"}
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "dataset": "application/zip",
}
CARD = "README.md"
# Every entry of a zip gets this time, so that the same rows are the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class Writer(Protocol):
    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        """Append rows, each with its split."""

    def finish(self) -> Path:
        """Close everything that is open and return the file."""

    def close(self) -> None:
        """Let go of open files, also where the work was given up."""


def open_writer(format: str, folder: Path, columns: Sequence[Column]) -> Writer:
    """A writer into `folder`, which is empty. A dataset's card has to lie there as README.md
    before `finish` is called."""
    path = folder / f"export.{SUFFIXES[format]}"
    if format == "csv":
        return CsvWriter(path, columns)
    if format == "jsonl":
        return JsonLinesWriter(path)
    if format == "parquet":
        return ParquetWriter(path, columns)
    return DatasetWriter(folder, path, columns)


class CsvWriter:
    """UTF-8 with a header. Lists are JSON, a missing value is an empty cell."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.path = path
        self.names = [column.name for column in columns]
        self.file = path.open("w", encoding="utf-8", newline="")
        self.csv = csv.writer(self.file)
        self.csv.writerow(self.names)

    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        self.csv.writerows([cell(row[name]) for name in self.names] for _, row in rows)

    def finish(self) -> Path:
        self.file.close()
        return self.path

    def close(self) -> None:
        self.file.close()


class JsonLinesWriter:
    """UTF-8, one object a line. Times are ISO 8601."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        self.file.writelines(f"{_json(row)}\n" for _, row in rows)

    def finish(self) -> Path:
        self.file.close()
        return self.path

    def close(self) -> None:
        self.file.close()


class ParquetWriter:
    """One row group for each portion of rows. Lists are lists of structs."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        # Loaded where a file is written: web processes need none of it.
        import pyarrow
        import pyarrow.parquet

        self.path = path
        self.arrow = pyarrow
        self.schema = pyarrow.schema([_arrow_field(pyarrow, column) for column in columns])
        self.parquet = pyarrow.parquet.ParquetWriter(path, self.schema, compression="zstd")

    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        if rows:
            table = self.arrow.Table.from_pylist([dict(row) for _, row in rows], self.schema)
            self.parquet.write_table(table)

    def finish(self) -> Path:
        self.parquet.close()
        return self.path

    def close(self) -> None:
        self.parquet.close()


class DatasetWriter:
    """A zip of README.md and one Parquet file a split, `data/<split>.parquet`. Rows without a
    split are in `data/train.parquet`, as `datasets` expects it of data with one part."""

    def __init__(self, folder: Path, path: Path, columns: Sequence[Column]) -> None:
        self.folder, self.path, self.columns = folder, path, columns
        self.splits: dict[str, ParquetWriter] = {}
        self.stack = ExitStack()

    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        by_split = defaultdict(list)
        for split, row in rows:
            by_split[split or "train"].append((split, row))
        for split, part in by_split.items():
            self._split(split).write(part)

    def finish(self) -> Path:
        self.close()
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_STORED) as archive:
            _add(archive, self.folder / CARD, CARD)
            for split, writer in sorted(self.splits.items()):
                _add(archive, writer.path, f"data/{split}.parquet")
        return self.path

    def close(self) -> None:
        self.stack.close()

    def _split(self, split: str) -> ParquetWriter:
        if split not in self.splits:
            writer = ParquetWriter(self.folder / f"{split}.parquet", self.columns)
            self.stack.callback(writer.close)
            self.splits[split] = writer
        return self.splits[split]


def cell(value: Any) -> Any:
    """A value as a cell of a CSV: a text that a spreadsheet would run gets a leading apostrophe,
    a number stays one."""
    if isinstance(value, str):
        return spreadsheet_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return _json(value)
    return "" if value is None else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=datetime.isoformat)


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.external_attr = 0o644 << 16
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        while block := source.read(1024 * 1024):
            target.write(block)


def _arrow_field(arrow: Any, column: Column) -> Any:
    types = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "time": arrow.timestamp("us", tz="UTC"),
    }
    if column.type == "list":
        kind = arrow.list_(arrow.struct([_arrow_field(arrow, part) for part in column.parts]))
    else:
        kind = types[column.type]
    return arrow.field(column.name, kind)
