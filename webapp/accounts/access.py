"""Fetch with permission. Strangers get 404; members without the role get 403 with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404

from webapp.accounts.models import Membership, Project, Role, User

T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """A person as a member of one project."""

    user: User
    project: Project
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def is_lead(self) -> bool:
        return Role.LEAD in self.roles

    @property
    def is_clinician(self) -> bool:
        return Role.CLINICIAN in self.roles

    @property
    def is_annotator(self) -> bool:
        return Role.ANNOTATOR in self.roles


def find_member(user: User, project_id: UUID) -> Member | None:
    """The person's membership as it is in the database now, or None."""
    rows = list(
        Membership.objects.filter(user_id=user.pk, project_id=project_id, user__is_active=True)
        .select_related("project")
        .order_by("role")
    )
    if not rows:
        return None
    return Member(user, rows[0].project, frozenset(row.role for row in rows))


def member_of(user: User, project_id: UUID, *roles: str) -> Member:
    """The member, who has one of `roles` where any is named. Raises Http404 for a stranger
    and PermissionDenied for a member without the role."""
    member = find_member(user, project_id)
    if member is None:
        raise Http404
    require(member, roles)
    return member


def require(member: Member, roles: Iterable[str]) -> None:
    wanted = list(roles)
    if wanted and not member.has(*wanted):
        names = " or ".join(str(Role(role).label).lower() for role in wanted)
        raise PermissionDenied(f"You need the role {names} in this project.")


def require_open(project: Project) -> None:
    """Refuse writes to an archived project."""
    if project.archived_at is not None:
        raise PermissionDenied("The project is archived. A lead can open it again.")


def found_or_404(row: T | None) -> T:
    """The row that a query gave. Raises Http404 for none."""
    if row is None:
        raise Http404
    return row
