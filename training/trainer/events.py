"""The event log: RUN_DIR/events.jsonl, one JSON object a line, appended only.

Every event has `seq` (1, 2, 3, ... over all attempts), `at` (UTC, ISO 8601) and `type`.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FILE_NAME = "events.jsonl"

# Frequent and large; the `metrics` event of the same step puts them on disk.
_FLUSHED_LATER = frozenset({"rollouts", "judge_calls", "log"})


class EventLog:
    """Appends to the log of a run folder, after whatever earlier attempts wrote."""

    def __init__(self, run_dir: Path) -> None:
        path = run_dir / FILE_NAME
        self.earlier = _repair(path)
        self._seq = self.earlier[-1]["seq"] if self.earlier else 0
        self._file = path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, type_: str, **fields: Any) -> None:
        """Write one event. NaN and infinity become null: they are not JSON."""
        self._seq += 1
        event = {"seq": self._seq, "at": datetime.now(UTC).isoformat(), "type": type_, **fields}
        self._file.write(json.dumps(_finite(event), ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        if type_ not in _FLUSHED_LATER:
            os.fsync(self._file.fileno())


def _repair(path: Path) -> list[dict[str, Any]]:
    """The whole events of the file; what a killed attempt wrote by half is cut off."""
    if not path.exists():
        return []
    events, kept = [], 0
    with path.open("rb+") as file:
        for line in file:
            event = _event(line)
            if event is None:
                break
            events.append(event)
            kept += len(line)
        file.truncate(kept)
    return events


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("seq"), int) else None


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
