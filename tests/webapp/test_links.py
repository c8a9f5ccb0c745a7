"""The database itself keeps links inside a project."""

import pytest
from django.apps import apps
from django.db import connection, models

from webapp.accounts.models import ProjectRow

LINKS = """
SELECT t.relname, a.attname, f.relname
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class f ON f.oid = c.confrelid
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
WHERE c.contype = 'f' AND cardinality(c.conkey) = 2
"""


@pytest.mark.django_db
def test_every_link_between_project_rows_is_composite() -> None:
    wanted = {
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in apps.get_models()
        if issubclass(model, ProjectRow)
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey)
        and field.name != "project"
        and issubclass(field.related_model, ProjectRow)
    }
    with connection.cursor() as cursor:
        cursor.execute(LINKS)
        found = set(cursor.fetchall())
    assert wanted - found == set()
