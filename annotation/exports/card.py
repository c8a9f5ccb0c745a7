"""The data card of an exported dataset: README.md as the Hugging Face Hub reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from annotation.exports.columns import Column
from webapp.text import markdown_line

_EXAMPLE = """```python
from datasets import load_dataset

data = load_dataset("path/to/folder")
```"""


@dataclass(frozen=True)
class Card:
    """What a card says. `rows` is how many rows each split has, `notes` are paragraphs."""

    title: str
    project: str
    about: str
    notes: Sequence[str]
    columns: Sequence[Column]
    rows: Mapping[str, int]
    taken_at: datetime


def card_text(card: Card) -> str:
    """Markdown with YAML front matter that names the file of each split."""
    head = ["---", f"pretty_name: {_quoted(card.title)}", "configs:", "- config_name: default"]
    head.append("  data_files:")
    for split in sorted(card.rows):
        head += [f"  - split: {split}", f"    path: data/{split}.parquet"]
    paragraphs = [
        "\n".join([*head, "---"]),
        f"# {markdown_line(card.title)}",
        f"{markdown_line(card.about)}",
        f"From the project “{markdown_line(card.project)}” in Kardia Studio, as it was on "
        f"{card.taken_at:%d %B %Y at %H:%M:%S} UTC.",
        *card.notes,
        "## Splits",
        _table(["split", "rows"], [[s, f"{n:,}"] for s, n in sorted(card.rows.items())]),
        "## Columns",
        columns_table(card.columns),
        "## Open it",
        _EXAMPLE,
    ]
    return "\n\n".join(paragraphs) + "\n"


def columns_table(columns: Sequence[Column]) -> str:
    """The columns as a Markdown table; the parts of a list column follow it as `list.part`."""
    return _table(
        ["column", "type", "meaning"],
        [
            [f"`{name}`", column.type, column.meaning]
            for name, column in (
                row
                for column in columns
                for row in (
                    (column.name, column),
                    *((f"{column.name}.{part.name}", part) for part in column.parts),
                )
            )
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _quoted(text: str) -> str:
    """A YAML string in double quotes."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
