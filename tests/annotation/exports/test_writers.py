"""The files themselves: what a spreadsheet, a script and `datasets` read in them."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from annotation.exports.card import Card, card_text
from annotation.exports.columns import Column, integer, number, records, text, time
from annotation.exports.writers import CARD, cell, open_writer

COLUMNS = (
    text("said", "What is said"),
    integer("n", "A number"),
    number("x", "Another"),
    time("at", "When"),
    records("parts", "Parts", text("role", "Who"), integer("position", "Where")),
)
AT = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("train", {"said": "a\u2028b, “c”\n🍲", "n": -3, "x": 0.5, "at": AT, "parts": []}),
    (
        "test",
        {"said": "=1+1", "n": None, "x": None, "at": None,
         "parts": [{"role": "seeker", "position": 0}]},
    ),
]  # fmt: skip


def written(
    format: str, folder: Path, rows: Any = ROWS, columns: tuple[Column, ...] = COLUMNS
) -> bytes:
    writer = open_writer(format, folder, columns)
    for row in rows:
        writer.write([row])
    (folder / CARD).write_text("card")
    return writer.finish().read_bytes()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_formula_becomes_a_text(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_other_cells_stay_as_they_are() -> None:
    values = ["a=1", "", -3, -0.5, "'quoted"]
    assert [cell(value) for value in values] == values
    assert cell(None) == ""
    assert cell([{"text": "=1"}]) == '[{"text": "=1"}]'


def test_csv(tmp_path: Path) -> None:
    read = list(csv.DictReader(io.StringIO(written("csv", tmp_path).decode(), newline="")))
    assert read[0]["said"] == ROWS[0][1]["said"]
    assert (read[0]["n"], read[0]["x"], read[0]["at"]) == ("-3", "0.5", AT.isoformat())
    assert (read[1]["said"], read[1]["n"]) == ("'=1+1", "")
    assert json.loads(read[1]["parts"]) == [{"role": "seeker", "position": 0}]


def test_json_lines_are_one_object_a_line(tmp_path: Path) -> None:
    lines = written("jsonl", tmp_path).decode().removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == [
        {**row, "at": row["at"] and row["at"].isoformat()} for _, row in ROWS
    ]


def test_parquet_keeps_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(written("parquet", tmp_path)))
    assert table.to_pylist() == [row for _, row in ROWS]
    assert [str(field.type) for field in table.schema][:4] == [
        "string", "int64", "double", "timestamp[us, tz=UTC]"
    ]  # fmt: skip


def test_a_dataset_has_a_file_for_each_split_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    first, second = (written("dataset", folder) for folder in folders)
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == [CARD, "data/test.parquet", "data/train.parquet"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet", "dataset"])
def test_a_writer_can_be_given_up(format: str, tmp_path: Path) -> None:
    writer = open_writer(format, tmp_path, COLUMNS)
    writer.write(ROWS)
    writer.close()


def test_a_card_takes_names_as_they_were_typed() -> None:
    card = Card(
        title='A "title": yes',
        project="P [x](y)\n# no heading",
        about="All.",
        notes=["A note."],
        columns=COLUMNS,
        rows={"train": 1200, "test": 1},
        taken_at=AT,
    )
    said = card_text(card)
    assert said.startswith('---\npretty_name: "A \\"title\\": yes"\n')
    assert "P \\[x\\](y) \\# no heading" in said
    assert "| train | 1,200 |" in said
    assert "| `parts.role` | text | Who |" in said
