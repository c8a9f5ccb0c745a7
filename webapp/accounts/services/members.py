"""Roles of people in a project."""

from collections.abc import Iterable

from django.db import transaction

from webapp.accounts.access import require_open
from webapp.accounts.models import Membership, Project, Role, User
from webapp.audit import services as audit
from webapp.errors import Refused


def change_roles(*, actor: User, project: Project, user: User, roles: Iterable[str]) -> None:
    """Give a member exactly `roles`. Raises Refused for nobody's roles, and where the project
    would be left without a lead."""
    wanted = _known(roles)
    if not wanted:
        raise Refused(
            "Choose at least one role, or remove the person from the project.", code="no_role"
        )
    with transaction.atomic():
        held = _locked_roles(project, user)
        if not held:
            raise Refused("This person is not a member of the project.", code="not_a_member")
        _set_roles(project, user, held=held, wanted=wanted)
        if held != wanted:
            audit.record(
                "member.roles_changed",
                actor=actor,
                object=user,
                project_id=project.pk,
                before=sorted(held),
                after=sorted(wanted),
            )


def remove_member(*, actor: User, project: Project, user: User) -> None:
    """Take all roles. What the person has made stays, with their name."""
    with transaction.atomic():
        held = _locked_roles(project, user)
        _set_roles(project, user, held=held, wanted=set())
        if held:
            audit.record(
                "member.removed",
                actor=actor,
                object=user,
                project_id=project.pk,
                before=sorted(held),
            )


def add_roles(*, project: Project, user: User, roles: Iterable[str]) -> None:
    """Add roles to what the person has: how an invitation is accepted."""
    with transaction.atomic():
        held = _locked_roles(project, user)
        _set_roles(project, user, held=held, wanted=held | _known(roles))


def _known(roles: Iterable[str]) -> set[str]:
    wanted = set(roles)
    if unknown := wanted - set(Role.values):
        raise Refused(f"There is no role {', '.join(sorted(unknown))}.", code="unknown_role")
    return wanted


def _locked_roles(project: Project, user: User) -> set[str]:
    # The project's row orders changes: of two leads who remove each other, one stays.
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    require_open(locked)
    rows = Membership.objects.filter(project=project, user=user)
    return set(rows.values_list("role", flat=True))


def _set_roles(project: Project, user: User, *, held: set[str], wanted: set[str]) -> None:
    if Role.LEAD in held - wanted and not other_leads(project, user):
        raise Refused(
            "This is the last lead of the project. Make somebody else a lead first.",
            code="last_lead",
        )
    Membership.objects.filter(project=project, user=user, role__in=held - wanted).delete()
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for role in sorted(wanted - held)
    )


def other_leads(project: Project, user: User) -> bool:
    """Whether somebody else who can sign in leads the project."""
    leads = Membership.objects.filter(project=project, role=Role.LEAD, user__is_active=True)
    return leads.exclude(user=user).exists()
