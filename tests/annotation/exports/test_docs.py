"""docs/exports.md describes the tables as they are. `write` writes that part of it anew."""

from pathlib import Path

from annotation.exports import registry
from annotation.exports.card import columns_table
from annotation.exports.limits import KEEP_DAYS
from webapp.accounts.models import Role

PAGE = Path(__file__).parents[3] / "docs/exports.md"
START = "<!-- tables: written by tests/annotation/exports/test_docs.py -->\n"


def tables_text() -> str:
    """The section of the tables, as Markdown."""
    return "\n".join(_table_text(table) for table in registry.tables())


def _table_text(table: registry.Table) -> str:
    roles = " and ".join(f"{Role(role).label.lower()}s" for role in table.roles) or "everybody"
    filters = ", ".join(f"`{name}`" for name in table.filters)
    lines = [
        f"### {table.title} (`{table.name}`)",
        f"One row: {table.row[0].lower()}{table.row[1:]}. For {roles}. Filters: {filters}.",
        *(
            f"`{choice.name}`: "
            + ", ".join(f"`{value}` ({label})" for value, label in choice.values)
            for choice in table.choices
        ),
        *table.notes,
        columns_table(table.columns),
    ]
    return "\n\n".join(lines) + "\n"


def write() -> None:
    before, _, _ = PAGE.read_text().partition(START)
    PAGE.write_text(f"{before}{START}\n{tables_text()}")


def test_the_page_has_every_table_and_column() -> None:
    _, _, found = PAGE.read_text().partition(START)
    assert found == f"\n{tables_text()}", "call tests.annotation.exports.test_docs.write()"


def test_the_page_says_how_long_files_are_kept() -> None:
    assert f"kept for {KEEP_DAYS} days" in PAGE.read_text()
