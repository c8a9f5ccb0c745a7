"""The note of the last backup."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from webapp.embedded.backup_record import NAME, last_backup, note_backup


def test_a_backup_is_noted(tmp_path: Path) -> None:
    var = tmp_path / "var"
    assert last_backup(var) is None
    archive = tmp_path / "studio.tar"
    archive.write_bytes(b"1234")
    began = datetime.now(UTC)
    note_backup(var, archive)
    found = last_backup(var)
    assert found is not None
    assert (found.where, found.size) == (str(archive), 4)
    assert began <= found.at <= datetime.now(UTC)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"at": 5, "where": "", "size": 1}',
        # Nobody knows in which time zone.
        '{"at": "2026-01-01T00:00:00", "where": "", "size": 1}',
        '{"at": "2026-01-01T00:00:00+00:00", "where": "", "size": null}',
    ],
)
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    assert last_backup(tmp_path) is None
