"""People of the instance: what administrators do, and what each person sets for themselves."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.urls import reverse

from webapp.accounts.models import User
from webapp.accounts.tokens import require_sign_in
from webapp.audit import services as audit
from webapp.errors import Refused


def create_user(*, email: str, name: str, password: str | None, is_admin: bool = False) -> User:
    """A person who can sign in. The caller has checked the password's strength. Without one the
    person needs a password link."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name, is_admin=is_admin)
        audit.record("person.created", actor=user, object=user)
    return user


def create_administrator(*, email: str, name: str = "") -> tuple[User, str]:
    """For whoever runs the server: an administrator with this address, new or from before, and
    the path of a link that sets their password."""
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            called = name or email.partition("@")[0]
            user = create_user(email=email, name=called, password=None, is_admin=True)
        set_admin(actor=user, user=user, admin=True)
        set_active(actor=user, user=user, active=True)
        user.refresh_from_db()
        return user, password_link(actor=user, user=user)


def change_profile(*, user: User, name: str, time_zone: str, theme: str, single_keys: bool) -> None:
    user.name, user.time_zone, user.theme, user.single_keys = name, time_zone, theme, single_keys
    user.save(update_fields=["name", "time_zone", "theme", "single_keys"])


def set_theme(*, user: User, theme: str) -> None:
    user.theme = theme
    user.save(update_fields=["theme"])


def set_active(*, actor: User, user: User, active: bool) -> None:
    """Let a person sign in or not. Open sessions and tokens of a deactivated person end at once:
    both are read together with `is_active`."""
    with transaction.atomic():
        user = _locked(user)
        if user.is_active == active:
            return
        if not active:
            _require_other_admin(user)
        user.is_active = active
        user.save(update_fields=["is_active"])
        action = "person.activated" if active else "person.deactivated"
        audit.record(action, actor=actor, object=user)


def set_admin(*, actor: User, user: User, admin: bool) -> None:
    """Make somebody an administrator of the instance, or take it back."""
    with transaction.atomic():
        user = _locked(user)
        if user.is_admin == admin:
            return
        if admin:
            require_sign_in()
        else:
            _require_other_admin(user)
        user.is_admin = admin
        user.save(update_fields=["is_admin"])
        action = "person.made_admin" if admin else "person.unmade_admin"
        audit.record(action, actor=actor, object=user)


def password_link(*, actor: User, user: User) -> str:
    """The path of a link that sets a new password, once: it dies with the old password, at the
    next sign-in and after PASSWORD_RESET_TIMEOUT."""
    require_sign_in()
    key = default_token_generator.make_token(user)
    audit.record("person.password_link", actor=actor, object=user)
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": key},
    )


def _locked(user: User) -> User:
    # All administrators are locked, in one order: of two who remove each other, one stays.
    admins = User.objects.filter(is_admin=True).order_by("pk")
    list(admins.select_for_update().values_list("pk"))
    return User.objects.select_for_update().get(pk=user.pk)


def _require_other_admin(user: User) -> None:
    others = User.objects.filter(is_admin=True, is_active=True).exclude(pk=user.pk)
    if user.is_admin and not others.exists():
        raise Refused(
            "This is the last administrator. Make somebody else an administrator first.",
            code="last_admin",
        )
