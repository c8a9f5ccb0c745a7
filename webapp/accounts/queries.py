"""Reads about people, projects and invitations."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from webapp.accounts.models import ApiToken, Invitation, Membership, Project, Role, User


def may_create_project(user: User) -> bool:
    return user.is_admin or Membership.objects.filter(user=user, role=Role.LEAD).exists()


def projects_of(user: User) -> QuerySet[Project]:
    """The projects where the person is a member, each with `people`, open ones first."""
    mine = Membership.objects.filter(user=user).values("project_id")
    people = (
        Membership.objects.filter(project=OuterRef("pk"))
        .values("project")
        .annotate(n=Count("user", distinct=True))
        .values("n")
    )
    return (
        Project.objects.filter(pk__in=mine)
        .annotate(people=Coalesce(Subquery(people), 0))
        .order_by(F("archived_at").asc(nulls_first=True), "name")
    )


def being_deleted(user: User) -> QuerySet[Project]:
    """The projects that this person deleted and that a worker has yet to remove."""
    return Project.objects.filter(deleted_by=user).order_by("deleted_at")


def roles_by_project(user: User) -> dict[UUID, list[str]]:
    """The person's roles, by project."""
    found: dict[UUID, list[str]] = {}
    for row in Membership.objects.filter(user=user).order_by("role"):
        found.setdefault(row.project_id, []).append(row.role)
    return found


@dataclass(frozen=True)
class MemberRow:
    """A member as lists show them."""

    user: User
    roles: list[str]
    since: datetime


def members_of(project: Project) -> list[MemberRow]:
    """Everybody in the project by name, with their roles."""
    rows: dict[UUID, MemberRow] = {}
    memberships = Membership.objects.filter(project=project).select_related("user")
    for row in memberships.order_by("user__name", "user_id", "role"):
        known = rows.setdefault(row.user_id, MemberRow(row.user, [], row.created_at))
        known.roles.append(row.role)
    return list(rows.values())


def open_invitations(now: datetime) -> QuerySet[Invitation]:
    """Invitations that are neither used, revoked nor too old."""
    return Invitation.objects.filter(
        Q(project=None) | Q(project__archived_at=None),
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=now,
    )


def invitations_of(project: Project | None) -> QuerySet[Invitation]:
    """Open invitations to the project, or without one to the instance, newest first."""
    found = open_invitations(timezone.now()).filter(project=project)
    return found.select_related("invited_by").order_by("-created_at")


def people() -> QuerySet[User]:
    """Everybody of the instance, each with the number of their projects."""
    projects = Count("memberships__project", distinct=True)
    return User.objects.annotate(projects=projects).order_by("name", "email")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user, revoked_at=None).order_by("-created_at")


def member_users(project: Project) -> QuerySet[User]:
    """The people of a project, each with their Membership rows in it as `roles_here`."""
    here = Membership.objects.filter(project=project)
    return User.objects.filter(pk__in=here.values("user_id")).prefetch_related(
        Prefetch("memberships", queryset=here, to_attr="roles_here")
    )
