"""Who can read an archive while it is written."""

from pathlib import Path

from webapp.embedded import archive


def test_a_file_that_was_there_does_not_open_an_archive_to_others(tmp_path: Path) -> None:
    found, made = tmp_path / "found", tmp_path / "backup.tar.unfinished"
    found.touch(mode=0o644)
    made.symlink_to(found)
    with archive.writing(made, key=b"key"):
        pass
    assert not made.is_symlink()
    assert made.stat().st_mode & 0o777 == 0o600
    assert found.read_bytes() == b""
