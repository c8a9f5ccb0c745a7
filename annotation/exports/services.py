"""Start exports, keep their files for a while, and remove them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.text import slugify

from annotation.exports import registry
from annotation.exports.limits import FORMATS, KEEP_DAYS, MAX_FILTER, MAX_FILTERS
from annotation.exports.registry import Selection, Table
from annotation.exports.writers import SUFFIXES
from annotation.models import ExportRun
from webapp.accounts.access import Member, find_member, require, require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.files import services as files
from webapp.files.models import StoredFile
from webapp.runs import services as runs


def export_start(
    *, member: Member, key: str, table: str, format: str, filters: Mapping[str, str]
) -> ExportRun:
    """Queue the export of what this member may see of `table`. Filters that are "" are left out.

    The same `key` returns the run that is there. Raises PermissionDenied where the member's roles
    don't allow the table, Http404 for an id that the project does not have, and Refused where a
    filter makes no sense or there is nothing to export."""
    found = registry.find(table)
    require(member, found.roles)
    if format not in dict(FORMATS):
        raise Refused("Choose a format from the list.", code="format")
    wanted = {name: value for name, value in filters.items() if value}
    selection = select(found, member, wanted)
    with transaction.atomic():
        known = runs.started_before(ExportRun, project=member.project, key=key)
        if known is not None:
            return known
        if not selection.count():
            raise Refused(
                f"There are no {found.units} here to export. Choose other filters.", code="empty"
            )
        return runs.start(
            ExportRun,
            project=member.project,
            actor=member.user,
            key=key,
            table=found.name,
            format=format,
            filters=wanted,
            about=selection.about,
        )


def select(table: Table, member: Member, filters: Mapping[str, str]) -> Selection:
    """What this member may see of the table, narrowed by the filters."""
    unknown = sorted(set(filters) - set(table.all_filters))
    if unknown:
        raise Refused(f"{table.title} can’t be filtered by {unknown[0]}.", code="unknown_filter")
    if len(filters) > MAX_FILTERS or any(len(value) > MAX_FILTER for value in filters.values()):
        raise Refused(
            f"Give at most {MAX_FILTERS} filters of at most {MAX_FILTER} characters.",
            code="long_filter",
        )
    if any("\0" in value for value in filters.values()):
        raise Refused("A filter contains a character that no text can have.", code="filter")
    return table.select(member, filters)


def owner_of(run: ExportRun) -> Member:
    """The person who asked for it, with the roles of now. Raises Refused where they may not have
    this table any more."""
    member = find_member(run.created_by, run.project_id)
    if member is None or not registry.find(run.table).is_open_to(member):
        raise Refused(
            f"{run.created_by} may not export this any more: their roles changed.", code="roles"
        )
    return member


def name_of(run: ExportRun) -> str:
    """What the file is called when somebody downloads it."""
    project = slugify(run.project.name)[:40] or "project"
    return f"{project}-{run.table.replace('_', '-')}-{run.number}.{SUFFIXES[run.format]}"


def file_store(*, run: ExportRun, path: Path) -> StoredFile:
    """Keep the written file. It is the run's with `result_keep`, in the claim's transaction,
    which is short then."""
    with path.open("rb") as content:
        return files.store_result(
            project=run.project,
            kind=StoredFile.Kind.EXPORT,
            name=name_of(run),
            content=content,
            actor=run.created_by,
        )


def result_keep(
    *,
    run: ExportRun,
    file: StoredFile,
    taken_at: datetime,
    roles: Sequence[str],
    about: str,
    rows: int,
) -> None:
    """Make a stored file the run's, with what it holds. `roles` are those that it was read with,
    `about` says what was selected at that moment."""
    ExportRun.objects.filter(pk=run.pk).update(
        file=file,
        removed_at=None,
        sha256=file.sha256,
        size=file.size,
        taken_at=taken_at,
        roles=list(roles),
        about=about,
        rows_written=rows,
        columns=[column.name for column in registry.find(run.table).columns],
        keep_until=timezone.now() + timedelta(days=KEEP_DAYS),
    )


def note_download(*, run: ExportRun, actor: User) -> None:
    """Who took which data out of the studio stays in the audit log."""
    audit.record("export.downloaded", actor=actor, object=run, number=run.number)


def export_remove(*, run: ExportRun, actor: User) -> None:
    """Remove the file of an export before its time. What it held stays on record. Raises Refused
    where there is no file."""
    require_open(run.project)
    if not _forget_file(run, actor):
        raise Refused("This export has no file to remove.", code="no_file")


def remove_old_files() -> int:
    """Remove the files that were kept long enough, and those that a killed worker stored but
    could not give to its run. For a worker; returns how many exports lost their file."""
    now = timezone.now()
    old = ExportRun.objects.filter(file__isnull=False, keep_until__lt=now)
    removed = sum(_forget_file(run, None) for run in old.select_related("project"))
    for file in StoredFile.objects.filter(
        ~Exists(ExportRun.objects.filter(file=OuterRef("pk"))),
        kind=StoredFile.Kind.EXPORT,
        created_at__lt=now - timedelta(days=1),
    ):
        files.remove(file)
    return removed


def _forget_file(run: ExportRun, actor: User | None) -> bool:
    """The row loses its file first. Where this is cut off, a file is left that nobody can reach,
    never a row that names a missing one."""
    with transaction.atomic():
        held = ExportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        file = held.file
        if file is None:
            return False
        ExportRun.objects.filter(pk=run.pk).update(file=None, removed_at=timezone.now())
        audit.record("export.removed", actor=actor, object=run, number=run.number)
        if not ExportRun.objects.filter(file=file).exists():
            files.remove(file)
    return True
