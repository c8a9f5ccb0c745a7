"""Signing in and out, passwords, the second step, sessions."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.conftest import Cast
from tests.support.factories import PASSWORD
from tests.support.pages import html_of
from webapp.accounts.models import ApiToken
from webapp.accounts.services import people
from webapp.accounts.tokens import create_token
from webapp.audit.models import Entry


@pytest.fixture(autouse=True)
def no_limits_left_over() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def test_anonymous_people_are_sent_to_sign_in(client: Client, cast: Cast) -> None:
    url = reverse("project_home", args=[cast.project.pk])
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


def test_a_member_signs_in_and_lands_in_the_project(client: Client, cast: Cast) -> None:
    user = cast.annotators[0]
    answer = sign_in(client, user.email.upper())
    assert (answer.status_code, answer.url) == (302, reverse("home"))
    assert client.get(answer.url).url == reverse("project_home", args=[cast.project.pk])
    assert Entry.objects.filter(action="person.signed_in", actor=user).count() == 1


def test_the_sixth_wrong_password_is_refused_with_the_reason(client: Client, cast: Cast) -> None:
    email = cast.leads[0].email
    for _ in range(5):
        answer = sign_in(client, email, "not the password")
        assert "password you specified are not correct" in html_of(answer)
    answer = sign_in(client, email, PASSWORD)
    assert "Too many failed login attempts. Try again later." in html_of(answer)
    # The limit is on the account and the address: somebody else still gets in,
    assert sign_in(client, cast.leads[1].email).status_code == 302
    # and the person from elsewhere.
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere, email).status_code == 302


def test_nobody_can_lock_an_administrator_out(cast: Cast) -> None:
    email = cast.admin.email
    for number in range(30):
        attacker = Client(REMOTE_ADDR=f"198.51.100.{number}", HTTP_HOST=f"localhost:{number + 1}")
        sign_in(attacker, email, "not the password")
    assert sign_in(Client(), email).status_code == 302


def test_another_port_in_the_host_gives_no_more_attempts(cast: Cast) -> None:
    email = cast.admin.email
    for number in range(5):
        sign_in(Client(HTTP_HOST=f"localhost:{number + 1}"), email, "not the password")
    answer = sign_in(Client(HTTP_HOST="localhost:9"), email)
    assert "Too many failed login attempts" in html_of(answer)


def test_a_deactivated_person_is_out_at_once(client: Client, cast: Cast) -> None:
    user = cast.annotators[0]
    sign_in(client, user.email)
    people.set_active(actor=cast.admin, user=user, active=False)
    assert client.get(reverse("profile")).status_code == 302
    assert sign_in(client, user.email).status_code == 302
    assert client.get(reverse("profile")).status_code == 302


def test_the_token_of_a_deactivated_person_opens_nothing(cast: Cast) -> None:
    user = cast.annotators[0]
    _, secret = create_token(user=user, name="laptop")
    bearer = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/me/", headers=bearer).status_code == 200
    people.set_active(actor=cast.admin, user=user, active=False)
    assert Client().get("/api/me/", headers=bearer).status_code == 401


def test_sign_up_is_closed(client: Client, db: None) -> None:
    answer = client.post(reverse("account_signup"), {"email": "x@example.org"})
    assert "You need an invitation" in html_of(answer)


def test_without_mail_the_reset_page_says_whom_to_ask(
    client: Client, db: None, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    body = html_of(client.get(reverse("account_reset_password")))
    assert "This studio does not send e-mail" in body


def test_an_administrator_makes_a_link_that_sets_a_password_once(cast: Cast) -> None:
    admin, person, again = Client(), Client(), Client()
    admin.force_login(cast.admin)
    user = cast.annotators[1]
    body = html_of(admin.post(reverse("person_password_link", args=[user.pk])))
    (link,) = re.findall(r'id="once">http://testserver(\S+?)<', body)
    page = person.get(link, follow=True)
    fresh = {"password1": "a quite new sentence", "password2": "a quite new sentence"}
    person.post(page.redirect_chain[-1][0], fresh)
    assert sign_in(Client(), user.email, "a quite new sentence").status_code == 302
    assert "no longer works" in html_of(again.get(link, follow=True))
    assert Entry.objects.filter(action="person.password_link", actor=cast.admin).exists()
    assert Entry.objects.filter(action="person.password_changed", actor=user).exists()


def test_changing_the_password_ends_other_sessions(cast: Cast) -> None:
    user = cast.clinicians[0]
    here, elsewhere = Client(), Client()
    sign_in(here, user.email)
    sign_in(elsewhere, user.email)
    fresh = "a quite new sentence"
    answer = here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh},
    )
    assert answer.url == reverse("profile")
    assert here.get(reverse("profile")).status_code == 200
    assert elsewhere.get(reverse("profile")).status_code == 302


def test_the_second_step_is_set_up_asked_for_and_stored_encrypted(cast: Cast) -> None:
    user = cast.leads[0]
    client = Client()
    sign_in(client, user.email)
    assert "Off: you sign in with your password alone" in html_of(client.get(reverse("profile")))
    asked = client.get(reverse("mfa_activate_totp"))
    client.post(asked.url, {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    stored = Authenticator.objects.get(user=user, type="totp")
    assert secret not in stored.data["secret"]
    assert decrypt(stored.data["secret"]) == secret
    for name in ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"):
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200

    fresh = Client()
    answer = sign_in(fresh, user.email)
    assert answer.url == reverse("mfa_authenticate")
    assert fresh.get(reverse("profile")).status_code == 302
    assert "Second step" in html_of(fresh.get(answer.url))
    recovery = Authenticator.objects.get(user=user, type="recovery_codes").wrap()
    fresh.post(answer.url, {"code": recovery.get_unused_codes()[0]})
    assert fresh.get(reverse("profile")).status_code == 200


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_people_see_their_sessions_and_end_the_others(cast: Cast) -> None:
    user = cast.annotators[0]
    sent = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
    here, elsewhere = Client(), Client(headers={"user-agent": sent})
    sign_in(here, user.email)
    sign_in(elsewhere, user.email)
    elsewhere.get(reverse("profile"))
    here.get(reverse("profile"))
    found = html_of(here.get(reverse("usersessions_list")))
    assert f'<span title="{sent}">Firefox on Linux</span>' in found
    here.post(reverse("usersessions_list"))
    assert elsewhere.get(reverse("profile")).status_code == 302


def test_the_last_use_of_a_session_is_noted_once_a_minute(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used() -> bool:
        """Whether a request moves the time of the last use."""
        UserSession.objects.update(last_seen_at=long_ago)
        client.get(reverse("profile"))
        return UserSession.objects.get(user=cast.annotators[0]).last_seen_at > long_ago

    long_ago = timezone.now() - timedelta(days=1)
    client.force_login(cast.annotators[0])
    assert used() and not used()
    cache.clear()  # the minute is over
    assert used() and not used()
    monkeypatch.setattr(cache, "add", _is_away)
    assert used()


def _is_away(*_: object) -> bool:
    raise RedisConnectionError


def test_pages_of_signing_in_render(client: Client, cast: Cast) -> None:
    for name in (
        "account_login",
        "account_reset_password_done",
        "account_inactive",
        "account_reset_password_from_key_done",
    ):
        assert client.get(reverse(name)).status_code == 200
    client.force_login(cast.leads[0])
    for name in ("account_logout", "account_change_password", "account_reauthenticate"):
        assert client.get(reverse(name)).status_code == 200


def test_a_new_password_revokes_the_tokens_of_the_old_one(client: Client, cast: Cast) -> None:
    user = cast.annotators[0]
    user.set_password("the-old-one-17")
    user.save()
    create_token(user=user, name="laptop")
    other, _ = create_token(user=cast.annotators[1], name="laptop")
    client.force_login(user)
    page = reverse("account_change_password")
    found = html_of(client.get(page))
    assert "Your API tokens are revoked" in found
    assert "New password (again)" in found and "New Password" not in found
    new = {"password1": "a-longer-one-23", "password2": "a-longer-one-23"}
    client.post(page, {"oldpassword": "the-old-one-17", **new})
    assert ApiToken.objects.get(user=user).revoked_at is not None
    assert Entry.objects.filter(action="token.revoked", actor=user).count() == 1
    # By the link of an administrator too.
    create_token(user=user, name="desk")
    user.refresh_from_db()
    client.logout()
    link = client.get(people.password_link(actor=cast.admin, user=user)).url
    asked = html_of(client.get(link))
    assert "New password (again)" in asked and "New Password" not in asked
    client.post(link, {"password1": "yet-another-29", "password2": "yet-another-29"})
    user.refresh_from_db()
    assert user.check_password("yet-another-29")
    assert not ApiToken.objects.filter(user=user, revoked_at=None).exists()
    other.refresh_from_db()
    assert other.revoked_at is None
