"""API tokens: random text shown once, looked up by its hash."""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webapp.accounts.models import ApiToken, User
from webapp.audit import services as audit

PREFIX = "kst_"


def token_hash(token: str) -> str:
    # The token has 256 random bits: a fast hash can't be searched.
    return hashlib.sha256(token.encode()).hexdigest()


def create_token(*, user: User, name: str) -> tuple[ApiToken, str]:
    """The row, and the token's text, which is not kept."""
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user, name=name, prefix=text[:12], token_hash=token_hash(text)
        )
        audit.record("token.created", actor=user, object=row)
    return row, text


def revoke_token(*, user: User, token: ApiToken) -> None:
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record("token.revoked", actor=user, object=token)


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
                user__is_active=True,
            )
            .first()
        )
        if row is None:
            raise AuthenticationFailed("The token is unknown or was revoked.")
        now = timezone.now()
        if row.last_used_at is None or row.last_used_at < now - timedelta(minutes=1):
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
        # What the request does is recorded as done with this token.
        came_from = audit.origin.get() or audit.Origin()
        audit.origin.set(replace(came_from, token_id=row.pk))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
