"""What Django's models can't say: links that stay inside a project, rows that never change, counts
beside a row, and what the database refused."""

from typing import Any

import pgtrigger
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, migrations
from django.db.models import Count, IntegerField, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from psycopg.errors import QueryCanceled


def one_at_a_time(name: str) -> None:
    """Wait for whoever has this name, and have it until the present transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def many_at_a_time(name: str) -> None:
    """Wait for whoever has this name by `one_at_a_time`, and keep them waiting until the present
    transaction ends. Others who call this don't wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [name])


def was_stopped(error: BaseException | None) -> bool:
    """Whether the database stopped a statement that took longer than it may."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)


def counted(rows: QuerySet[Any], by: str) -> Coalesce:
    """How many of `rows`, which point at a row of the outer query by `by`, there are; 0 for none.
    Such counts side by side don't multiply, as counts over joins do."""
    number = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


def written(rows: QuerySet[Any, Any]) -> RawSQL:
    """A subquery of ids for `..._id__in=`, compiled to SQL once. Django compiles a subquery again
    at each place where it stands, and for each copy of the query around it: where subqueries
    stand in each other, that takes more time than the database does."""
    try:
        words, values = rows.query.sql_with_params()
    except EmptyResultSet:
        # Django has no SQL for rows that can't exist, such as those with an id of an empty list.
        words, values = "SELECT NULL::uuid WHERE FALSE", ()
    return RawSQL(words, values)  # noqa: S611 (Django wrote it)


def same_project(table: str, column: str, target: str) -> migrations.RunSQL:
    """A migration operation: `(project_id, column)` of `table` refers to `(project_id, id)` of
    `target`, so that a link into another project is refused by the database (DECISIONS 9)."""
    name = f"{table}_{column}_same_project"[:63]
    return migrations.RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (project_id, "{column}") '
        f'REFERENCES "{target}" (project_id, id) DEFERRABLE INITIALLY DEFERRED',
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )


def frozen(*, name: str = "frozen", when: str | None = None, but: tuple[str, ...] = ()) -> Any:
    """A trigger that refuses an UPDATE (of rows that match `when`) unless only the columns in
    `but` change. `when` is SQL over OLD, for example "OLD.sealed_at IS NOT NULL"."""
    row = "to_jsonb({row})" + "".join(f" - '{column}'" for column in but)
    changed = f"{row.format(row='OLD')} IS DISTINCT FROM {row.format(row='NEW')}"
    condition = f"({when}) AND {changed}" if when else changed
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=(
            f"IF {condition} THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME "
            "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;"
        ),
    )


def undeletable(*, name: str = "undeletable", when: str | None = None) -> Any:
    """A trigger that refuses a DELETE (of rows that match `when`) outside the deletion of a
    whole project, which names itself with `SET LOCAL kardia.deleting_project`."""
    condition = (
        "coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text"
    )
    if when:
        condition = f"({when}) AND {condition}"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Delete,
        func=(
            f"IF {condition} THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME "
            "USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;"
        ),
    )


def untruncatable() -> Any:
    """A trigger that refuses TRUNCATE of the whole table, which row triggers never see."""
    return pgtrigger.Trigger(
        name="no_truncate",
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        level=pgtrigger.Statement,
        func=(
            "RAISE EXCEPTION '% can not be truncated', TG_TABLE_NAME "
            "USING ERRCODE = 'restrict_violation';"
        ),
    )


def append_only(when: str | None = None) -> list[Any]:
    """Triggers for rows that are only ever added (or, with `when`, that stay once they match it):
    they don't change, and go only with their project."""
    return [frozen(when=when), undeletable(when=when), untruncatable()]
