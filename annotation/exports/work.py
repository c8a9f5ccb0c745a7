"""An export's work: read at one moment, write portion by portion, keep one file."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection

from annotation.exports import registry
from annotation.exports.card import Card, card_text
from annotation.exports.columns import Chunk
from annotation.exports.reading import read_aside
from annotation.exports.services import file_store, owner_of, result_keep, select
from annotation.exports.writers import CARD, open_writer
from annotation.models import ExportPart, ExportRun
from webapp.files.folders import make_private, run_folder
from webapp.files.services import hold, require_disk
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed


@dataclass(frozen=True)
class Beginning:
    """What the reader tells first: the moment it reads at, with which roles of the owner, what is
    selected then as a sentence, and how many units there are."""

    taken_at: datetime
    roles: Sequence[str]
    about: str
    units: int


def work(run_id: str) -> None:
    """Write the file of an export. For a worker.

    An attempt that was cut off left nothing that anybody can see, and the moment that it read at
    is gone: the next one begins again, at a moment of its own."""
    with claimed(ExportRun, run_id) as claim:
        if claim is not None:
            _forget_parts(claim)
            with _own_folder(claim) as folder:
                _export(claim, folder)


@contextmanager
def _own_folder(claim: Claim[ExportRun]) -> Iterator[Path]:
    """An empty folder of this attempt in that of the run. What a killed attempt left goes first."""
    of_run = run_folder(claim.run.pk)
    shutil.rmtree(of_run, ignore_errors=True)
    folder = of_run / claim.token.hex
    make_private(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Where this claim was lost, the attempt that holds the run has its folder here too.
        with suppress(OSError):
            of_run.rmdir()


def _export(claim: Claim[ExportRun], folder: Path) -> None:
    run = claim.run
    table = registry.find(run.table)
    rows: Counter[str] = Counter()
    with (
        closing(read_aside(lambda: _read(run))) as reader,
        closing(open_writer(run.format, folder, table.columns)) as writer,
    ):
        beginning = next(reader)
        assert isinstance(beginning, Beginning)  # noqa: S101  (the reader's first item)
        _note_total(claim, beginning)
        for position, chunk in enumerate(reader):
            assert isinstance(chunk, Chunk)  # noqa: S101  (all that follows)
            claim.check()
            writer.write(chunk.rows)
            rows.update(split for split, _ in chunk.rows)
            _note_part(claim, position, chunk)
            require_disk(_size(folder))
        if not rows:
            raise RunFailed(table.empty or f"There are no {table.units} to export any more.")
        _write_card(run, folder, rows, beginning)
        path = writer.finish()
    while not _keep(claim, path, beginning, rows.total()):
        claim.check()


def _keep(claim: Claim[ExportRun], path: Path, beginning: Beginning, rows: int) -> bool:
    """Store the file and give it to the run; False where somebody removed an equal export, and
    its stored file, in between."""
    run = claim.run
    file = file_store(run=run, path=path)
    claim.check()
    with claim.writing():
        if not hold(file):
            return False
        result_keep(
            run=run,
            file=file,
            taken_at=beginning.taken_at,
            roles=beginning.roles,
            about=beginning.about,
            rows=rows,
        )
        live.publish(run.topic)
    return True


def _read(run: ExportRun) -> Iterator[Beginning | Chunk]:
    """In the reader's thread, at one moment."""
    owner = owner_of(run)
    selection = select(registry.find(run.table), owner, run.filters)
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        taken_at = cursor.fetchone()[0]
    yield Beginning(taken_at, sorted(owner.roles), selection.about, selection.count())
    yield from selection.chunks()


def _forget_parts(claim: Claim[ExportRun]) -> None:
    with claim.writing():
        claim.run.parts.all().delete()
        ExportRun.objects.filter(pk=claim.run.pk).update(units_total=None)


def _note_total(claim: Claim[ExportRun], beginning: Beginning) -> None:
    with claim.writing():
        ExportRun.objects.filter(pk=claim.run.pk).update(units_total=beginning.units)
        live.publish(claim.run.topic)


def _note_part(claim: Claim[ExportRun], position: int, chunk: Chunk) -> None:
    run = claim.run
    with claim.writing():
        ExportPart.objects.create(
            project_id=run.project_id,
            run=run,
            position=position,
            units=chunk.units,
            rows=len(chunk.rows),
        )
        live.publish(run.topic)


def _write_card(run: ExportRun, folder: Path, rows: Counter[str], beginning: Beginning) -> None:
    table = registry.find(run.table)
    card = Card(
        title=table.title,
        project=run.project.name,
        about=beginning.about,
        notes=(f"One row: {table.row[0].lower()}{table.row[1:]}.", *table.notes),
        columns=table.columns,
        rows={split or "train": n for split, n in rows.items()},
        taken_at=beginning.taken_at,
    )
    (folder / CARD).write_text(card_text(card), encoding="utf-8")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
