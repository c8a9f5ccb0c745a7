"""Projects: create, change, archive and open again."""

from django.db import transaction
from django.db.models.functions import Now

from webapp.accounts import queries
from webapp.accounts.access import require_open
from webapp.accounts.models import Membership, Project, Role, User
from webapp.audit import services as audit
from webapp.errors import Refused


def create_project(
    *, actor: User, name: str, description: str = "", time_zone: str = "UTC"
) -> Project:
    """A new project with its creator as lead. Administrators and everybody who leads a project
    may make one."""
    if not queries.may_create_project(actor):
        raise Refused(
            "Only administrators and project leads can create a project.", code="not_allowed"
        )
    with transaction.atomic():
        project = Project.objects.create(
            name=name, description=description, time_zone=time_zone, created_by=actor
        )
        Membership.objects.create(project=project, user=actor, role=Role.LEAD)
        audit.record("project.created", actor=actor, object=project, project_id=project.pk)
    return project


def change_project(
    *,
    actor: User,
    project: Project,
    name: str,
    description: str,
    time_zone: str,
    needs_approval: bool,
) -> Project:
    """Change what the settings page shows."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        require_open(project)
        fresh = {
            "name": name,
            "description": description,
            "time_zone": time_zone,
            "needs_approval": needs_approval,
        }
        changed = [field for field, value in fresh.items() if getattr(project, field) != value]
        if changed:
            for field in changed:
                setattr(project, field, fresh[field])
            project.save(update_fields=changed)
            audit.record(
                "project.changed",
                actor=actor,
                object=project,
                project_id=project.pk,
                fields=changed,
            )
    return project


def archive_project(*, actor: User, project: Project) -> None:
    """Close the project to every change; everything stays readable."""
    with transaction.atomic():
        if Project.objects.filter(pk=project.pk, archived_at=None).update(archived_at=Now()):
            audit.record("project.archived", actor=actor, object=project, project_id=project.pk)


def reopen_project(*, actor: User, project: Project) -> None:
    with transaction.atomic():
        # One that somebody deletes at this moment stays closed until it is gone.
        archived = Project.objects.filter(
            pk=project.pk, archived_at__isnull=False, deleted_at__isnull=True
        )
        if archived.update(archived_at=None):
            audit.record("project.reopened", actor=actor, object=project, project_id=project.pk)
