"""allauth with closed sign-up: accounts come from invitations."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.ratelimit import get_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from webapp import fieldkeys
from webapp.accounts.models import User
from webapp.accounts.queries import tokens_of
from webapp.accounts.tokens import revoke_token
from webapp.audit import services as audit

NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


def sends_mail() -> bool:
    """Whether this instance has a mail server; without one links are copied by hand."""
    return settings.EMAIL_BACKEND != NO_MAIL


class ClosedSignup(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong passwords are counted for an account and an address together. Counted for the
        account alone, anybody who knows an e-mail address could lock its owner out."""
        return f"{credentials.get('email', '').lower()} {get_ip(request)}"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")

    def set_password(self, user: User, password: str) -> None:
        with transaction.atomic():
            super().set_password(user, password)
            audit.record("person.password_changed", actor=user, object=user)
            # Who changes a password because somebody else may have it shuts all doors.
            for token in tokens_of(user):
                revoke_token(user=user, token=token)

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        audit.record("person.signed_in", actor=user, object=user)
        return super().post_login(request, user, **details)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if sends_mail():
            super().send_mail(template_prefix, email, context)


class EncryptedFactors(DefaultMFAAdapter):
    """Second factors are secrets at rest like every other."""

    def encrypt(self, text: str) -> str:
        return fieldkeys.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return fieldkeys.decrypt(encrypted_text.encode()).decode()
