"""Delete a project with everything that it holds.

Deleting closes the project at once: nobody is a member any more, and its runs stop as in an
archived one. A worker removes files and rows afterwards, for 198,000 rows in 15 s.
"""

import logging
import shutil
from pathlib import Path
from uuid import UUID

from celery import current_app
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, models, transaction
from django.db.models.functions import Coalesce, Now
from kombu.exceptions import OperationalError

from webapp.accounts import parts
from webapp.accounts.models import Invitation, Membership, Project, ProjectRow, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.files.folders import run_folder

logger = logging.getLogger(__name__)


def delete_project(*, actor: User, project: Project, typed_name: str) -> None:
    """Close the project for everybody and ask a worker to remove it for good. Its audit entries
    stay, which hold ids only."""
    if typed_name.strip() != project.name:
        raise Refused("This is not the name of the project.", code="wrong_name")
    with transaction.atomic():
        # Before the project is locked, as who accepts one locks it first and the project then.
        Invitation.objects.filter(project=project).delete()
        locked = Project.objects.select_for_update().get(pk=project.pk)
        audit.record("project.deleted", actor=actor, object=locked, project_id=locked.pk)
        Membership.objects.filter(project=locked).delete()
        Project.objects.filter(pk=locked.pk).update(
            deleted_at=Now(), deleted_by=actor, archived_at=Coalesce("archived_at", Now())
        )
        transaction.on_commit(_wake)


def purge_projects() -> int:
    """Remove the projects that were deleted and that no worker holds a run of any more. Returns
    how many. Safe to cut off anywhere and to call again: it is asked for until all are gone. One
    that can't be removed now is logged, and does not keep the others."""
    waiting = Project.objects.filter(deleted_at__isnull=False).order_by("deleted_at")
    removed = 0
    for pk in waiting.values_list("pk", flat=True):
        try:
            removed += _purge(pk)
        except (OSError, DatabaseError):
            logger.exception("The deleted project %s could not be removed now", pk)
    return removed


def _wake() -> None:
    try:
        current_app.send_task("accounts.purge_projects", retry_policy={"max_retries": 1})
    except OperationalError:
        logger.warning("A deleted project waits: the broker did not take the message")


def _purge(pk: UUID) -> bool:
    with transaction.atomic():
        deleted = Project.objects.select_for_update(skip_locked=True).filter(pk=pk)
        project = deleted.filter(deleted_at__isnull=False).first()
        if project is None or _is_worked_on(project):
            return False
        # Files go first: where this is cut off, the rows that name them are still there.
        _delete_files(project)
        _delete_rows(project)
    return True


def _run_models() -> list[type[ProjectRow]]:
    """The tables of runs. The ground's apps know each other by name only here: a run is what a
    worker can claim."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, ProjectRow) and any(f.name == "claim" for f in model._meta.fields)
    ]


def _is_worked_on(project: Project) -> bool:
    return any(
        model._default_manager.filter(project=project).exclude(**{"claim": None}).exists()
        for model in _run_models()
    )


def _delete_rows(project: Project) -> None:
    """Plain DELETEs, table by table. The links are checked when the transaction commits, so only
    rows that are found through another row have to go before it."""
    direct: list[tuple[str, str]] = []
    through: list[tuple[str, str]] = []
    for model in apps.get_models():
        for where, is_direct in rows_of_project(model):
            (direct if is_direct else through).append((model._meta.db_table, where))
    with connection.cursor() as cursor:
        # The one door in the triggers that keep published and submitted rows.
        cursor.execute("SELECT set_config('kardia.deleting_project', %s, true)", [str(project.pk)])
        for table, where in [*through, *direct, (Project._meta.db_table, "id = %s")]:
            cursor.execute(f"DELETE FROM {table} WHERE {where}", [project.pk])  # noqa: S608


def rows_of_project(model: type[models.Model]) -> list[tuple[str, bool]]:
    """SQL for the rows of a project in the model's table, and whether they name the project
    themselves or are found through a row that does."""
    links = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    for field in links:
        if field.related_model is Project:
            return [(f"{field.column} = %s", True)]
    return [
        (
            f"{field.column} IN (SELECT id FROM {field.related_model._meta.db_table} "  # noqa: S608
            "WHERE project_id = %s)",
            False,
        )
        for field in links
        if issubclass(field.related_model, ProjectRow)
    ]


def _delete_files(project: Project) -> None:
    """What is stored by content, the folders of runs, and what apps keep beside them. Raises
    OSError where a disk refuses: the project is then asked for again."""
    for part in parts.registered():
        part.remove_files(project)
    for row in apps.get_model("files", "StoredFile").objects.filter(project=project):
        default_storage.delete(row.path)
    for model in _run_models():
        runs = model._default_manager.filter(project=project)
        for pk in runs.values_list("pk", flat=True):
            folder = run_folder(pk)
            if folder.exists():
                shutil.rmtree(folder)
    # Content that a killed worker stored and had no row for yet.
    stored = Path(default_storage.path(project.pk.hex))
    if stored.exists():
        shutil.rmtree(stored)
