"""API tokens: random text shown once, looked up by its hash. Each has a scope and an expiry."""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from webapp.accounts.limits import TOKEN_DAYS
from webapp.accounts.models import ApiToken, Invitation, Scope, User
from webapp.audit import services as audit
from webapp.audit.queries import objects_made_with

PREFIX = "kst_"


def token_hash(token: str) -> str:
    # The token has 256 random bits: a fast hash can't be searched.
    return hashlib.sha256(token.encode()).hexdigest()


def require_sign_in() -> None:
    """Refuse what gives somebody a way in of their own, if a token asks for it: who finds a token
    would keep that way after the token was revoked."""
    if (audit.origin.get() or audit.Origin()).token_id is not None:
        raise PermissionDenied("A token can’t do this. Sign in to the studio and do it there.")


def create_token(
    *, user: User, name: str, scope: str = Scope.READ, days: int = TOKEN_DAYS.default
) -> tuple[ApiToken, str]:
    """The row, and the token's text, which is not kept."""
    require_sign_in()
    TOKEN_DAYS.require(days)
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=text[:12],
            token_hash=token_hash(text),
            scope=Scope(scope),
            expires_at=timezone.now() + timedelta(days=days),
        )
        audit.record("token.created", actor=user, object=row, scope=row.scope, days=days)
    return row, text


def revoke_token(*, user: User, token: ApiToken) -> None:
    """End a token, and every way in that was made with it and is still open: invitations, and
    tokens from when a token could make others."""
    with transaction.atomic():
        now = timezone.now()
        if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            return
        audit.record("token.revoked", actor=user, object=token)
        made = objects_made_with(token.pk, actor=user.pk, action="token.created")
        for row in ApiToken.objects.filter(pk__in=made):
            revoke_token(user=user, token=row)
        made = objects_made_with(token.pk, actor=user.pk, action="invitation.created")
        invited = Invitation.objects.filter(pk__in=made, accepted_at=None, revoked_at=None)
        for invitation in invited.select_for_update():
            invitation.revoked_at = now
            invitation.save(update_fields=["revoked_at"])
            audit.record("invitation.revoked", actor=user, object=invitation)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer kst_...`"""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header is malformed.")
        row = (
            ApiToken.objects.select_related("user")
            .filter(
                token_hash=token_hash(parts[1].decode(errors="replace")),
                revoked_at=None,
                expires_at__gt=timezone.now(),
                user__is_active=True,
            )
            .first()
        )
        if row is None:
            raise AuthenticationFailed("The token is unknown, has expired or was revoked.")
        now = timezone.now()
        if row.last_used_at is None or row.last_used_at < now - timedelta(minutes=1):
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
        # What the request does is recorded as done with this token.
        came_from = audit.origin.get() or audit.Origin()
        audit.origin.set(replace(came_from, token_id=row.pk))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class TokenScope(BasePermission):
    """What a token may ask for. A view says in `scope_to_read` and `scope_to_change` where that is
    more than reading and writing. Roles are asked as well: a token never adds to them."""

    def has_permission(self, request: Request, view: object) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        if request.method in SAFE_METHODS:
            needed = getattr(view, "scope_to_read", Scope.READ)
        else:
            needed = getattr(view, "scope_to_change", Scope.WRITE)
        self.message = f"This needs a token with the scope “{needed}”."
        return Scope(request.auth.scope).covers(needed)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
