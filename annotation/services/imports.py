"""Imports: a file becomes dialogues, one record at a time, in a worker."""

from django.db import transaction

from annotation.formats.opening import strip_opening
from annotation.formats.records import UnreadableFile
from annotation.formats.registry import READERS, Reader, detect
from annotation.models import Collection, ImportRun
from annotation.services.sets import SetQuery
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import open_file
from webapp.ids import new_id
from webapp.runs import services as runs

AUTO = "auto"
# A conversation of ESConv begins with its survey and situation; its turns stand further down.
_FIRST_BYTES = 65_536


def import_start(
    *, project: Project, actor: User, file: StoredFile, format: str, key: str
) -> ImportRun:
    """Queue the import of an uploaded file, with a collection of what it holds.

    `format` is one of annotation.formats.registry or "auto". The same `key` returns the run that
    is there. Raises Refused for a file whose first bytes tell that nothing can be read.
    """
    reader = _reader(file, format)
    run_id = new_id()
    with transaction.atomic():
        found = ImportRun.objects.filter(project=project, idempotency_key=key).first()
        if found is not None:
            return found
        collection = Collection.objects.create(
            project=project,
            number=next_number(project, "collection"),
            name=f"{reader.label.split(' (')[0]} of {file.name}"[:120],
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
            f"The format of {file.name} can’t be told from its beginning. Choose it.",
            code="unknown_format",
        )
    if name not in READERS:
        raise Refused("There is no such format.", code="unknown_format")
    return READERS[name]
