"""Sign-up is closed: people come by an invitation, a link that can be copied."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.accounts.access import require_open
from webapp.accounts.models import Invitation, Project, Role, User
from webapp.accounts.queries import open_invitations
from webapp.accounts.services import members, people
from webapp.accounts.tokens import require_sign_in, token_hash
from webapp.audit import services as audit
from webapp.errors import Refused


def invite(
    *,
    actor: User,
    project: Project | None,
    email: str,
    roles: Iterable[str] = (),
    is_admin: bool = False,
) -> tuple[Invitation, str]:
    """An invitation to a project, or without one to the instance, and the text of its token,
    which is not kept. An open invitation for the same person and place is replaced."""
    wanted = sorted(set(roles))
    if is_admin:
        require_sign_in()
    if project is not None:
        require_open(project)
        if not wanted or not set(wanted) <= set(Role.values):
            raise Refused("Choose at least one role.", code="no_role")
    email = User.objects.normalize_email(email.strip())
    if project is None and User.objects.filter(email__iexact=email).exists():
        raise Refused("There is already an account with this e-mail address.", code="known")
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        open_invitations(now).filter(project=project, email__iexact=email).update(revoked_at=now)
        invitation = Invitation.objects.create(
            token_hash=token_hash(token),
            email=email,
            project=project,
            roles=wanted if project else [],
            is_admin=is_admin and project is None,
            invited_by=actor,
            expires_at=now + timedelta(days=settings.INVITATION_DAYS),
        )
        audit.record("invitation.created", actor=actor, object=invitation, roles=wanted)
    return invitation, token


def revoke(*, actor: User, invitation: Invitation) -> None:
    now = timezone.now()
    with transaction.atomic():
        if not open_invitations(now).filter(pk=invitation.pk).update(revoked_at=now):
            raise Refused("This invitation is no longer open.", code="not_open")
        audit.record("invitation.revoked", actor=actor, object=invitation)


def find_open(token: str) -> Invitation | None:
    """The invitation of a link, where it can still be accepted."""
    found = open_invitations(timezone.now()).filter(token_hash=token_hash(token))
    return found.select_related("project", "invited_by").first()


def accept_as_new(*, token: str, name: str, password: str) -> User:
    """Sign up by an invitation. Its link works once."""
    with transaction.atomic():
        invitation = _take(token)
        if User.objects.filter(email__iexact=invitation.email).exists():
            raise Refused(
                "There is already an account with this e-mail address. Sign in to join.",
                code="known",
            )
        user = people.create_user(
            email=invitation.email, name=name, password=password, is_admin=invitation.is_admin
        )
        _join(invitation, user)
    return user


def accept_as(*, token: str, user: User) -> None:
    """Join a project with the account that one has."""
    with transaction.atomic():
        invitation = _take(token)
        if invitation.email.lower() != user.email.lower():
            raise Refused("This invitation is for another person.", code="other_person")
        _join(invitation, user)


def _take(token: str) -> Invitation:
    """Use the link up: of two who follow it at once, one gets it."""
    now = timezone.now()
    row = Invitation.objects.select_for_update(of=("self",)).filter(token_hash=token_hash(token))
    invitation = row.select_related("project").first()
    still_open = invitation is not None and open_invitations(now).filter(pk=invitation.pk).exists()
    if invitation is None or not still_open:
        raise Refused(
            "This invitation was used or revoked, or it has expired. Ask for a new one.",
            code="not_open",
        )
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    return invitation


def _join(invitation: Invitation, user: User) -> None:
    if invitation.project is not None:
        members.add_roles(project=invitation.project, user=user, roles=invitation.roles)
    audit.record("invitation.accepted", actor=user, object=invitation, roles=invitation.roles)
