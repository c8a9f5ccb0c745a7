"""Delete a project with everything that it holds."""

import logging

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction

from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused

logger = logging.getLogger(__name__)


def delete_project(*, actor: User, project: Project, typed_name: str) -> None:
    """Remove every row and file of the project for good. Its audit entries stay, which hold ids
    only. Workers that still hold a run of it lose their claim and stop."""
    if typed_name.strip() != project.name:
        raise Refused("This is not the name of the project.", code="wrong_name")
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        audit.record("project.deleted", actor=actor, object=locked, project_id=locked.pk)
        paths = _file_paths(locked)
        _delete_rows(locked)
        transaction.on_commit(lambda: _delete_files(paths))


def _delete_rows(project: Project) -> None:
    """Plain DELETEs, table by table: the links are checked when the transaction commits, so
    their order does not matter to the database."""
    with connection.cursor() as cursor:
        # The one door in the triggers that keep published and submitted rows.
        cursor.execute("SELECT set_config('kardia.deleting_project', %s, true)", [str(project.pk)])
        for model in apps.get_models():
            for where in _belongs(model):
                table = connection.ops.quote_name(model._meta.db_table)
                cursor.execute(f"DELETE FROM {table} WHERE {where}", [project.pk])  # noqa: S608
        table = connection.ops.quote_name(Project._meta.db_table)
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [project.pk])  # noqa: S608


def _belongs(model: type[models.Model]) -> list[str]:
    """SQL for the rows of a project in the model's table: by its own link to the project, else
    by its link to a row that has one."""
    links = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    for field in links:
        if field.related_model is Project:
            return [f"{field.column} = %s"]
    owners = [field for field in links if _has_project(field.related_model)]
    return [
        f"{field.column} IN (SELECT id FROM {field.related_model._meta.db_table} "  # noqa: S608
        "WHERE project_id = %s)"
        for field in owners
    ]


def _has_project(model: type[models.Model]) -> bool:
    return any(
        isinstance(field, models.ForeignKey) and field.related_model is Project
        for field in model._meta.concrete_fields
    )


def _file_paths(project: Project) -> list[str]:
    # The ground's apps know each other by name only here: files belong to projects.
    stored = apps.get_model("files", "StoredFile").objects.filter(project=project)
    return [row.path for row in stored]


def _delete_files(paths: list[str]) -> None:
    for path in paths:
        try:
            default_storage.delete(path)
        except OSError:
            logger.exception("The file %s of a deleted project could not be removed", path)
