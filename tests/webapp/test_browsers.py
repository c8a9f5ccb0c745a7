"""What a browser is told to refuse."""

from http.cookies import Morsel
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.factories import PASSWORD


@pytest.fixture
def home(client: Client, cast: Cast) -> Any:
    mine = {"login": cast.leads[0].email, "password": PASSWORD}
    return client.post(reverse("account_login"), mine, follow=True)


def policy(home: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in home.headers["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts if part}


def test_scripts_come_from_the_studio_alone(home: Any) -> None:
    rules = policy(home)
    assert rules["default-src"] == ["'self'"]
    assert rules.get("script-src", ["'self'"]) == ["'self'"]
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]
    assert rules["form-action"] == ["'self'"]


def test_no_frame_no_guess_and_no_referrer_for_others(home: Any) -> None:
    assert home.headers["X-Frame-Options"] == "DENY"
    assert home.headers["X-Content-Type-Options"] == "nosniff"
    assert home.headers["Referrer-Policy"] == "same-origin"


def test_cookies_stay_with_the_studio(home: Any, client: Client) -> None:
    session: Morsel[str] = client.cookies["sessionid"]
    assert session["httponly"] and session["samesite"] == "Lax"
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_form_of_another_site_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.leads[0])
    assert client.post(reverse("account_logout")).status_code == 403


def test_another_name_of_the_host_is_refused(client: Client, db: None) -> None:
    assert client.get("/", headers={"host": "attacker.example"}).status_code == 400
