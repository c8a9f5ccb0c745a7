"""When the last backup was made, and where: for the health page."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME = "last-backup.json"


@dataclass(frozen=True)
class LastBackup:
    at: datetime
    # Where it was written; whoever copied it elsewhere knows better.
    where: str
    # In bytes.
    size: int


def note_backup(var: Path, archive: Path) -> None:
    record = {
        "at": datetime.now(UTC).isoformat(),
        "where": str(archive.absolute()),
        "size": archive.stat().st_size,
    }
    var.mkdir(parents=True, exist_ok=True)
    unfinished = var / f"{NAME}.unfinished"
    unfinished.write_text(json.dumps(record))
    unfinished.replace(var / NAME)


def last_backup(var: Path) -> LastBackup | None:
    """None where there was none, and where the note can't be read."""
    try:
        record = json.loads((var / NAME).read_text())
        at = datetime.fromisoformat(record["at"])
        if at.tzinfo is None:
            return None
        return LastBackup(at=at, where=str(record["where"]), size=int(record["size"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
