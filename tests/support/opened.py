"""Exported files, opened as a person opens them: with pandas, and with `datasets`."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cast
from tests.support.exports import content_of, exported
from webapp.accounts.models import User


def as_pandas(cast: Cast, user: User, table: str, format: str, **filters: str) -> Any:
    """The rows of an export that a worker wrote, as a data frame."""
    pandas = pytest.importorskip("pandas")
    content = io.BytesIO(content_of(exported(cast, user, table, format, **filters)))
    if format == "csv":
        return pandas.read_csv(content)
    if format == "jsonl":
        return pandas.read_json(content, lines=True)
    return pandas.read_parquet(content)


def as_dataset(cast: Cast, user: User, table: str, folder: Path, **filters: str) -> Any:
    """The parts of an exported dataset folder, by split."""
    datasets = pytest.importorskip("datasets")
    run = exported(cast, user, table, "dataset", **filters)
    with zipfile.ZipFile(io.BytesIO(content_of(run))) as archive:
        archive.extractall(folder / "folder")
    return datasets.load_dataset(str(folder / "folder"), cache_dir=str(folder / "cache"))


def assert_opens_everywhere(
    cast: Cast, user: User, table: str, folder: Path, *, rows: int, **filters: str
) -> None:
    """All formats hold the same number of rows and the same columns."""
    frames = [as_pandas(cast, user, table, each, **filters) for each in ("csv", "jsonl", "parquet")]
    parts = as_dataset(cast, user, table, folder, **filters)
    names = list(frames[0].columns)
    for frame in frames:
        assert (len(frame), list(frame.columns)) == (rows, names)
    assert sum(len(part) for part in parts.values()) == rows
    assert all(part.column_names == names for part in parts.values())
