"""Reads of the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.db import connection, models
from django.db.models import QuerySet

from webapp.accounts.models import Project, User
from webapp.audit import words
from webapp.audit.models import Entry

PAGE = 50
USER, PROJECT = "accounts.user", "accounts.project"


@dataclass(frozen=True)
class Filters:
    """What the log is narrowed to; empty fields narrow nothing. From `since`, before `until`."""

    action: str = ""
    actor: UUID | None = None
    project: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """An entry as people read it."""

    entry: Entry
    who: str
    what: str
    # “Training run 3”, “Lena Lead”.
    object: str
    # Empty where the entry belongs to none.
    project: str
    details: list[tuple[str, str]]


def entries(filters: Filters) -> QuerySet[Entry]:
    """Entries, newest first."""
    found = Entry.objects.select_related("actor").order_by("-id")
    if filters.action:
        found = found.filter(action=filters.action)
    if filters.actor:
        found = found.filter(actor_id=filters.actor)
    if filters.project:
        found = found.filter(project_id=filters.project)
    if filters.since:
        found = found.filter(at__gte=filters.since)
    if filters.until:
        found = found.filter(at__lt=filters.until)
    return found


def page_of(
    found: QuerySet[Entry], *, before: int | None, size: int = PAGE
) -> tuple[list[Entry], int | None]:
    """One page of `found` older than the entry `before`, and where the next one starts."""
    if before is not None:
        found = found.filter(id__lt=before)
    rows = list(found[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def lines_of(rows: list[Entry]) -> list[Line]:
    """The entries in words, with three queries for however many."""
    projects = _names(Project, {row.project_id for row in rows} | _objects(rows, PROJECT))
    mentioned = {one for row in rows for one in words.ids_in(row.details)}
    people = _names(User, mentioned | _objects(rows, USER))
    numbers = _numbers(rows)
    return [
        Line(
            entry=row,
            who=str(row.actor or "The studio"),
            what=words.action_in_words(row.action),
            object=_object(row, people, projects, numbers),
            project=projects.get(str(row.project_id), "Deleted project") if row.project_id else "",
            details=words.details_in_words(row.details, people),
        )
        for row in rows
    ]


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


def _object(
    row: Entry, people: dict[str, str], projects: dict[str, str], numbers: dict[str, int]
) -> str:
    """Its kind, and its number where it has one. Names of people and projects are the only ones:
    administrators see nothing else of a project that they are not in."""
    if row.object_kind == USER:
        return people.get(row.object_id, "A deleted person")
    if row.object_kind == PROJECT:
        return projects.get(row.object_id, "Deleted project")
    model = _model(row.object_kind)
    called = getattr(model, "title", model._meta.verbose_name) if model else ""
    kind = words.object_in_words(row.object_kind, str(called))
    number = numbers.get(row.object_id)
    return kind if number is None else f"{kind} {number:,}"


def _objects(rows: list[Entry], kind: str) -> set[UUID]:
    return {UUID(row.object_id) for row in rows if row.object_kind == kind}


def _names(model: type[User] | type[Project], ids: Iterable[UUID | None]) -> dict[str, str]:
    return {str(row.pk): str(row) for row in model._default_manager.filter(pk__in=set(ids))}


def _numbers(rows: list[Entry]) -> dict[str, int]:
    """The numbers of objects by their ids, of all kinds in one query."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.object_kind, set()).add(row.object_id)
    asked = [
        model._default_manager.order_by().filter(pk__in=ids).values_list("pk", "number")
        for kind, ids in sorted(found.items())
        if (model := _numbered(kind))
    ]
    if not asked:
        return {}
    pairs = asked[0].union(*asked[1:], all=True)
    return {str(pk): number for pk, number in pairs}


def _numbered(kind: str) -> type[models.Model] | None:
    """The model of a kind, if its objects have numbers that people say."""
    model = _model(kind)
    if model is None or not isinstance(model._meta.pk, models.UUIDField):
        return None
    return model if any(field.name == "number" for field in model._meta.fields) else None


def _model(kind: str) -> type[models.Model] | None:
    """None for a kind that is no longer there: the log outlives it."""
    try:
        return apps.get_model(kind)
    except (LookupError, ValueError):
        return None
