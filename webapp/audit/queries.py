"""Reads of the audit log."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from webapp.audit.models import Entry

PAGE = 50


@dataclass(frozen=True)
class Filters:
    """What a page of the log is narrowed to; empty fields narrow nothing."""

    action: str = ""
    actor: UUID | None = None
    project: UUID | None = None


def entries(filters: Filters) -> QuerySet[Entry]:
    """Entries, newest first."""
    found = Entry.objects.select_related("actor").order_by("-id")
    if filters.action:
        found = found.filter(action=filters.action)
    if filters.actor:
        found = found.filter(actor_id=filters.actor)
    if filters.project:
        found = found.filter(project_id=filters.project)
    return found


def page_of(filters: Filters, *, before: int | None) -> tuple[list[Entry], int | None]:
    """One page of entries older than `before`, and where the next one starts."""
    found = entries(filters)
    if before is not None:
        found = found.filter(id__lt=before)
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None


def objects_made_with(token_id: UUID, *, actor: UUID, action: str) -> list[str]:
    """The ids of what a person's token did an action to."""
    found = Entry.objects.filter(actor_id=actor, action=action, token_id=token_id)
    return list(found.values_list("object_id", flat=True))


def actions() -> list[str]:
    """Every action that was recorded so far: one step down the index for each, however long the
    log is."""
    table = Entry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found(action) AS ("  # noqa: S608
            f"(SELECT min(action) FROM {table}) UNION ALL "
            f"SELECT (SELECT min(action) FROM {table} WHERE action > found.action) "
            "FROM found WHERE found.action IS NOT NULL) "
            "SELECT action FROM found WHERE action IS NOT NULL"
        )
        return [action for (action,) in cursor.fetchall()]
