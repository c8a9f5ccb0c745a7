"""The audit log as a CSV, sent while it is read."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from webapp.accounts.middleware import zone_of
from webapp.accounts.models import User
from webapp.audit import queries, services
from webapp.audit.models import Entry
from webapp.audit.queries import Line
from webapp.text import spreadsheet_text

MEDIA_TYPE = "text/csv; charset=utf-8"
CHUNK = 1000
COLUMNS = (
    "at", "person", "what", "object", "project", "address", "details", "action", "actor_id",
    "object_kind", "object_id", "project_id", "token_id", "raw_details",
)  # fmt: skip


def csv_response(found: QuerySet[Entry], *, actor: User) -> StreamingHttpResponse:
    """The entries of `found`, newest first, as an attachment with times in the zone of `actor`.
    The log notes who took it along."""
    services.record("audit.exported", actor=actor, object=actor)
    zone = zone_of(actor)
    name = f"audit-{timezone.localdate(timezone=zone).isoformat()}.csv"
    return StreamingHttpResponse(
        _chunks(found, zone),
        content_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _chunks(found: QuerySet[Entry], zone: ZoneInfo) -> AsyncIterator[str]:
    """Asynchronous, because a server of ours would read a synchronous iterator whole first."""
    yield _written([COLUMNS])
    before, is_more = None, True
    while is_more:
        lines, before = await sync_to_async(_read)(found, before)
        yield _written([_cells(line, zone) for line in lines])
        is_more = before is not None


def _read(found: QuerySet[Entry], before: int | None) -> tuple[list[Line], int | None]:
    rows, following = queries.page_of(found, before=before, size=CHUNK)
    return queries.lines_of(rows), following


def _cells(line: Line, zone: ZoneInfo) -> list[str]:
    entry = line.entry
    cells = (
        entry.at.astimezone(zone).isoformat(timespec="seconds"),
        line.who,
        line.what,
        line.object,
        line.project,
        entry.address,
        # Not by a semicolon: it separates columns where a comma is the decimal sign.
        " | ".join(f"{name}: {value}" for name, value in line.details),
        entry.action,
        entry.actor_id,
        entry.object_kind,
        entry.object_id,
        entry.project_id,
        entry.token_id,
        json.dumps(entry.details, ensure_ascii=False),
    )
    return ["" if cell is None else spreadsheet_text(str(cell)) for cell in cells]


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
