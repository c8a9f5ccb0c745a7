"""What a worker does for an import: count, read, and write in short transactions."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import F, Max

from annotation.corpus import services
from annotation.corpus.source_ratings import with_survey, write_ratings
from annotation.formats.records import Broken, ParsedDialogue, Record, UnreadableFile
from annotation.formats.registry import READERS
from annotation.models import ImportLine, ImportRun
from rubrics.judging.spans import reasoning_in
from webapp.files.services import open_file, require_disk
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed

# What one transaction holds at most.
CHUNK_RECORDS = 200
CHUNK_CHARS = 2_000_000
# Broken records that are kept with their text. A file can have one in each byte, and a row takes
# hundreds: the others are counted.
BROKEN_KEPT = 1_000


def work(run_id: str) -> None:
    """Import what of the file is not in yet. For a worker."""
    with claimed(ImportRun, run_id) as claim:
        if claim is None:
            return
        try:
            _count(claim)
            _read(claim)
        except UnreadableFile as error:
            raise RunFailed(str(error)) from error


def _count(claim: Claim[ImportRun]) -> None:
    run = claim.run
    if run.records_total is not None:
        return
    with open_file(run.file) as content:
        run.records_total = READERS[run.format].count(content)
    with claim.writing():
        ImportRun.objects.filter(pk=run.pk).update(records_total=run.records_total)
        live.publish(run.topic)


def _read(claim: Claim[ImportRun]) -> None:
    run = claim.run
    # All lines up to the last one were committed with what they brought: go on behind it.
    last = max(run.lines.aggregate(last=Max("line"))["last"] or 0, run.counted_to)
    room = BROKEN_KEPT - run.lines.filter(outcome=ImportLine.Outcome.BROKEN).count()
    with open_file(run.file) as content:
        left = (record for record in READERS[run.format].read(content) if record.line > last)
        for chunk in chunks(left):
            claim.check()
            require_disk(services.ROWS_FOR_A_BYTE * CHUNK_CHARS)
            with claim.writing():
                room -= _write(run, chunk, room)
                live.publish(run.topic)


def chunks(records: Iterable[Record | Broken]) -> Iterator[list[Record | Broken]]:
    """Records in portions of bounded number and length."""
    chunk: list[Record | Broken] = []
    chars = 0
    for record in records:
        chunk.append(record)
        if isinstance(record, Record):
            chars += sum(len(turn.raw) for turn in record.dialogue.turns)
        if len(chunk) >= CHUNK_RECORDS or chars >= CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk


def _write(run: ImportRun, chunk: Sequence[Record | Broken], room: int) -> int:
    """Write what stands in the chunk, and at most `room` of its broken records, whose number is
    returned."""
    good = [record for record in chunk if isinstance(record, Record)]
    parsed = [with_survey(record.dialogue) for record in good]
    placed = services.add_dialogues(project=run.project, parsed=parsed, source=run.format)
    added = [
        (place.dialogue_id, each) for place, each in zip(placed, parsed, strict=True) if place.added
    ]
    write_ratings(project=run.project, actor=run.created_by, format=run.format, added=added)
    lines = [
        ImportLine(
            project=run.project,
            run=run,
            line=record.line,
            outcome=ImportLine.Outcome.ADDED if place.added else ImportLine.Outcome.KNOWN,
            dialogue_id=place.dialogue_id,
            **(_reasoning_of(record.dialogue) if place.added else {}),
        )
        for record, place in zip(good, placed, strict=True)
    ]
    broken = [record for record in chunk if isinstance(record, Broken)]
    lines += [
        ImportLine(
            project=run.project,
            run=run,
            line=record.line,
            outcome=ImportLine.Outcome.BROKEN,
            reason=record.reason,
            excerpt=record.excerpt,
        )
        for record in broken[:room]
    ]
    ImportLine.objects.bulk_create(lines)
    if counted := broken[room:]:
        ImportRun.objects.filter(pk=run.pk).update(
            broken_counted=F("broken_counted") + len(counted), counted_to=counted[-1].line
        )
    return len(broken) - len(counted)


def _reasoning_of(dialogue: ParsedDialogue) -> dict[str, int]:
    """How many of its turns lost a model's reasoning, and how many end inside of it."""
    found = [reasoning_in(turn.raw) for turn in dialogue.turns if turn.role != "system"]
    return {
        "reasoning_removed": found.count("removed"),
        "reasoning_cut": found.count("cut"),
    }
