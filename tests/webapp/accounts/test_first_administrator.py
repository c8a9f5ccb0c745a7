"""A studio without the demo: how its first administrator gets in."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.factories import UserFactory
from webapp.accounts.models import User
from webapp.audit.models import Entry

FRESH = "a quite new sentence"


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("create_administrator", *arguments, stdout=out)
    return out.getvalue()


def follow(link: str) -> None:
    person = Client()
    page = person.get(re.sub(r"^http://[^/]+", "", link.strip()), follow=True)
    person.post(page.redirect_chain[-1][0], {"password1": FRESH, "password2": FRESH})


@pytest.mark.usefixtures("db")
def test_the_first_administrator_comes_by_a_link() -> None:
    said = told("ada@example.org", "--at", "http://studio.example.org/")
    (link,) = re.findall(r"^http://studio\.example\.org/accounts/.*$", said, re.M)
    user = User.objects.get()
    assert (user.email, user.name, user.is_admin) == ("ada@example.org", "ada", True)
    assert not user.has_usable_password()
    follow(link)
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": FRESH})
    assert client.get(reverse("admin_people")).status_code == 200
    actions = set(Entry.objects.filter(actor=user).values_list("action", flat=True))
    assert {"person.created", "person.password_link"} <= actions


def test_an_administrator_who_is_locked_out_gets_in_again(cast: Cast) -> None:
    user = UserFactory(email="Grace@example.org", is_active=False)
    said = told("grace@example.org")
    user.refresh_from_db()
    assert user.is_admin and user.is_active
    follow(said.splitlines()[-1])
    assert Client().login(email=user.email, password=FRESH)


def test_the_studio_says_it_while_there_is_none(cast: Cast) -> None:
    assert told() == ""
    User.objects.filter(is_admin=True).update(is_active=False)
    assert 'make manage ARGS="create_administrator you@example.org"' in told()


@pytest.mark.usefixtures("db")
def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="no e-mail address"):
        told("ada")
