"""Checkpoints that are whole or not there: written beside, hashed, then renamed into place."""

import hashlib
import json
import shutil
from pathlib import Path

from training.trainer.files import flush_to_disk, sha256_of

FOLDER = "checkpoints"
FINAL = "final"
_WORK = "work"
_MANIFEST = "manifest.json"


class Checkpoints:
    """The checkpoints of a run folder: `checkpoints/step-N` and `checkpoints/final`."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self.work = run_dir / _WORK

    def clean(self) -> None:
        """Remove what an attempt that was killed had not finished."""
        shutil.rmtree(self.work, ignore_errors=True)
        (self._run_dir / FOLDER).mkdir(exist_ok=True)

    def publish(self, written: Path, name: str, step: int) -> tuple[str, str]:
        """Move a written folder into place; returns its path, relative to the run folder, and
        the sha256 of its manifest, which names every file with its sha256."""
        files = {
            str(path.relative_to(written)): sha256_of(path)
            for path in sorted(written.rglob("*"))
            if path.is_file()
        }
        text = json.dumps({"step": step, "files": files}, sort_keys=True)
        (written / _MANIFEST).write_text(text, encoding="utf-8")
        for path in (*written.rglob("*"), written):
            flush_to_disk(path)
        place = self._run_dir / FOLDER / name
        shutil.rmtree(place, ignore_errors=True)
        written.rename(place)
        flush_to_disk(place.parent)
        return f"{FOLDER}/{name}", hashlib.sha256(text.encode()).hexdigest()

    def latest(self) -> tuple[int, Path] | None:
        """The newest intact step with its folder; broken ones are passed over."""
        found = [
            (step, path)
            for path in (self._run_dir / FOLDER).glob("step-*")
            if (step := _verified_step(path)) is not None
        ]
        return max(found, default=None)


def step_name(step: int) -> str:
    return f"step-{step}"


def _verified_step(folder: Path) -> int | None:
    """The step of an intact checkpoint; None where a file is missing or differs."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        intact = all(sha256_of(folder / name) == sha for name, sha in manifest["files"].items())
        return int(manifest["step"]) if intact else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
