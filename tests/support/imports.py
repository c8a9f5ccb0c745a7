"""Uploaded files and import runs, worked as a worker would."""

import io
from pathlib import Path

from annotation.corpus import work as imports
from annotation.corpus.services import import_start
from annotation.models import ImportRun
from tests.conftest import Cast
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id

SHAPES = Path(__file__).parent.parent / "data"
FILES = {
    "kardiabench": SHAPES / "kardiabench-shape.jsonl",
    "epitome": SHAPES / "epitome-shape.jsonl",
    "esconv": SHAPES / "esconv-shape.json",
}


def upload(cast: Cast, content: bytes, name: str = "file.jsonl") -> StoredFile:
    return store(
        project=cast.project,
        kind=StoredFile.Kind.UPLOAD,
        name=name,
        content=io.BytesIO(content),
        actor=cast.leads[0],
    )


def start(cast: Cast, content: bytes, format: str = "auto", key: str = "") -> ImportRun:
    return import_start(
        project=cast.project,
        actor=cast.leads[0],
        file=upload(cast, content),
        format=format,
        key=key or new_id().hex,
    )


def imported(cast: Cast, content: bytes, format: str = "auto", key: str = "") -> ImportRun:
    """A run that a worker has worked on."""
    run = start(cast, content, format, key)
    imports.work(str(run.pk))
    run.refresh_from_db()
    return run
