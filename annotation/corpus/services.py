"""Imports: a file becomes dialogues, one record at a time, in a worker. Here is the one writer of
imported dialogues, and the split of every dialogue of a project."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.formats.emotions import emotion_label
from annotation.formats.hashing import sha256_json
from annotation.formats.json_files import strip_opening
from annotation.formats.records import ParsedDialogue, ParsedTurn, UnreadableFile
from annotation.formats.registry import READERS, Reader, detect
from annotation.models import Collection, Dialogue, ImportRun, Profile, Turn
from annotation.models.corpus import Split
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import open_file, require_disk
from webapp.ids import new_id
from webapp.runs import services as runs

AUTO = "auto"
# A conversation of ESConv begins with its survey and situation; its turns stand further down.
_FIRST_BYTES = 65_536
# Bytes that rows and indexes take on the disk for each byte of a file: 3.1 for ESConv, 3.2 for
# KardiaBench, 5.9 for EPITOME with its ratings.
ROWS_FOR_A_BYTE = 6


def import_start(
    *, project: Project, actor: User, file: StoredFile, format: str, key: str
) -> ImportRun:
    """Queue the import of an uploaded file, with a collection of what it holds.

    `format` is one of annotation.formats.registry or "auto". The same `key` returns the run that
    is there. Raises Refused for a file whose first bytes tell that nothing can be read, and where
    the disk has no room for its rows.
    """
    reader = _reader(file, format)
    run_id = new_id()
    with transaction.atomic():
        found = ImportRun.objects.filter(project=project, idempotency_key=key).first()
        if found is not None:
            return found
        require_disk(ROWS_FOR_A_BYTE * file.size)
        collection = Collection.objects.create(
            project=project,
            number=next_number(project, "collection"),
            name=f"{reader.label.split(' (')[0]} of {file.name}"[: Collection.MAX_NAME],
            query=SetQuery(import_run=str(run_id)).to_json(),
            created_by=actor,
        )
        run = runs.start(
            ImportRun,
            project=project,
            actor=actor,
            key=key,
            id=run_id,
            file=file,
            format=reader.name,
            collection=collection,
        )
        if run.pk != run_id:
            # Two requests at once: the other one won.
            collection.delete()
    return run


def _reader(file: StoredFile, format: str) -> Reader:
    with open_file(file) as content:
        first = content.read(_FIRST_BYTES)
    try:
        first = strip_opening(first)
    except UnreadableFile as error:
        raise Refused(str(error), code="unreadable") from error
    if not first.strip():
        raise Refused("The file is empty.", code="unreadable")
    name = detect(first) if format == AUTO else format
    if name is None:
        raise Refused(
            f"The format of {file.name} could not be detected. Choose it from the list.",
            code="unknown_format",
        )
    if name not in READERS:
        raise Refused("This format is unknown.", code="unknown_format")
    return READERS[name]


# Shares of the splits, as parts of a hash's range (DECISIONS 12).
_TRAIN, _VALIDATION = 0.8, 0.9


@dataclass(frozen=True, slots=True)
class StoredDialogue:
    """Where a parsed dialogue is now; `added` is False where it was there before."""

    dialogue_id: UUID
    added: bool


def add_dialogues(
    *, project: Project, parsed: Sequence[ParsedDialogue], source: str
) -> list[StoredDialogue]:
    """Add a chunk (about 200) in one short transaction, sealed, with profiles and turns.

    The import key (project, source, source key) decides what is there already: nothing of that
    changes, whatever the chunk says. Results come in the order of `parsed`.
    """
    with transaction.atomic():
        known = _ids_by_key(project, source, (dialogue.source_key for dialogue in parsed))
        fresh = _first_of_each(dialogue for dialogue in parsed if dialogue.source_key not in known)
        added = _insert(project, source, fresh)
        # A worker of another run may have been quicker with some of them.
        lost = [dialogue.source_key for dialogue in fresh if dialogue.source_key not in added]
        known |= added | (_ids_by_key(project, source, lost) if lost else {})
    pending = set(added)
    placed = []
    for dialogue in parsed:
        key = dialogue.source_key
        placed.append(StoredDialogue(known[key], added=key in pending))
        pending.discard(key)
    return placed


def split_for(project: Project, split_key: str) -> Split:
    """The split of all that shares `split_key`: a function of the project's seed alone."""
    digest = hashlib.sha256(f"{project.split_seed}/{split_key}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < _TRAIN:
        return Split.TRAIN
    return Split.VALIDATION if share < _VALIDATION else Split.TEST


def split_key_of(profile: Profile) -> str:
    """The split key of a new dialogue with `profile`: the one that imported dialogues of the
    same person have, so that a person never stands on both sides of a split."""
    return profile.username or hashlib.sha256(profile.text.encode()).hexdigest()


def _ids_by_key(project: Project, source: str, keys: Iterable[str]) -> dict[str, UUID]:
    rows = Dialogue.objects.filter(project=project, source=source, source_key__in=list(keys))
    return dict(rows.values_list("source_key", "pk"))


def _first_of_each(parsed: Iterable[ParsedDialogue]) -> list[ParsedDialogue]:
    found: dict[str, ParsedDialogue] = {}
    for dialogue in parsed:
        found.setdefault(dialogue.source_key, dialogue)
    return list(found.values())


def _insert(project: Project, source: str, parsed: Sequence[ParsedDialogue]) -> dict[str, UUID]:
    """Insert what no other worker has inserted meanwhile; returns ids by source key."""
    if not parsed:
        return {}
    profiles = _profiles(project, parsed)
    now = timezone.now()
    number = next_number(project, "dialogue", len(parsed))
    rows = [
        Dialogue(
            project=project,
            number=number + offset,
            source=source,
            source_key=dialogue.source_key,
            profile_id=profiles.get(_profile_hash(dialogue)),
            situation=dialogue.situation,
            emotion=dialogue.emotion,
            emotion_label=emotion_label(dialogue.emotion),
            split_key=dialogue.split_group,
            split=split_for(project, dialogue.split_group),
            meta=dialogue.meta,
            sealed_at=now,
        )
        for offset, dialogue in enumerate(parsed)
    ]
    Dialogue.objects.bulk_create(rows, ignore_conflicts=True)
    kept = set(
        Dialogue.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    )
    Turn.objects.bulk_create(
        _turn(project, row, position, turn)
        for row, dialogue in zip(rows, parsed, strict=True)
        if row.pk in kept
        for position, turn in enumerate(dialogue.turns)
    )
    return {row.source_key: row.pk for row in rows if row.pk in kept}


def _turn(project: Project, dialogue: Dialogue, position: int, turn: ParsedTurn) -> Turn:
    spans = turn.spans or {}
    return Turn(
        project=project,
        dialogue=dialogue,
        position=position,
        role=turn.role,
        text=turn.text,
        understanding=spans.get("understanding", ""),
        reasoning=spans.get("reasoning", ""),
        emotion=spans.get("emotion", ""),
        raw=turn.raw,
    )


def _profiles(project: Project, parsed: Sequence[ParsedDialogue]) -> dict[str, UUID]:
    """Profile ids by content hash, the new ones made."""
    wanted = {
        _profile_hash(dialogue): dialogue
        for dialogue in parsed
        if dialogue.profile_text or dialogue.mbti or dialogue.username
    }
    if not wanted:
        return {}
    found = _profile_ids(project, wanted)
    # In one order for every worker, so that two of them can't wait for each other.
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        number = next_number(project, "profile", len(missing))
        Profile.objects.bulk_create(
            (
                Profile(
                    project=project,
                    number=number + offset,
                    text=wanted[content].profile_text,
                    mbti=wanted[content].mbti,
                    username=wanted[content].username,
                    content_hash=content,
                )
                for offset, content in enumerate(missing)
            ),
            ignore_conflicts=True,
        )
        found |= _profile_ids(project, missing)
    return found


def _profile_ids(project: Project, hashes: Iterable[str]) -> dict[str, UUID]:
    rows = Profile.objects.filter(project=project, content_hash__in=list(hashes))
    return dict(rows.values_list("content_hash", "pk"))


def _profile_hash(dialogue: ParsedDialogue) -> str:
    return sha256_json([dialogue.profile_text, dialogue.mbti, dialogue.username])
