"""Numbers that people say aloud: one series per project and kind of object."""

from django.db import connection

from webapp.accounts.models import Project, ProjectCounter


def next_number(project: Project, kind: str, count: int = 1) -> int:
    """Reserve `count` numbers and return the first. Gaps appear where a transaction fails."""
    table = ProjectCounter._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (project_id, kind, last) VALUES (%s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (project_id, kind) DO UPDATE SET last = {table}.last + %s "
            "RETURNING last",
            [project.pk, kind, count, count],
        )
        (last,) = cursor.fetchone()
    return int(last) - count + 1
