"""Whose forwarded addresses are believed."""

from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.conftest import Cast
from tests.support.factories import PASSWORD
from tests.support.waiting import SHORT_S
from webapp import config
from webapp.asgi import application, router
from webapp.audit.models import Entry


def sign_in(app: Any, email: str, *, sender: str, forwarded: str) -> int:
    """The status of the answer to a sign-in that the server got from `sender`."""
    body = urlencode(
        {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": "c" * 32}
    ).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": reverse("account_login"),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "client": (sender, 50000),
        "server": ("localhost", 80),
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
            (b"cookie", b"csrftoken=" + b"c" * 32),
            (b"x-forwarded-for", forwarded.encode()),
        ],
    }

    async def talk() -> int:
        server = ApplicationCommunicator(app, scope)
        await server.send_input({"type": "http.request", "body": body, "more_body": False})
        start = await server.receive_output(SHORT_S)
        await server.wait(SHORT_S)
        return int(start["status"])

    return async_to_sync(talk)()


def address_of_sign_in(app: Any, email: str, *, sender: str, forwarded: str) -> str:
    cache.clear()
    assert sign_in(app, email, sender=sender, forwarded=forwarded) == 302
    return str(Entry.objects.get(action="person.signed_in").address)


# The server answers in a thread of its own, which sees what is committed.
@pytest.mark.django_db(transaction=True)
def test_nobody_chooses_the_address_that_is_written_down(cast: Cast) -> None:
    seen = address_of_sign_in(
        application, cast.leads[0].email, sender="127.0.0.1", forwarded="192.0.2.1"
    )
    assert seen == "127.0.0.1"


@pytest.mark.django_db(transaction=True)
def test_a_proxy_that_is_named_says_whom_it_speaks_for(cast: Cast) -> None:
    """What the visitor wrote in front of it counts for nothing."""
    behind = ProxyHeadersMiddleware(router, trusted_hosts=config.proxies(["10.0.0.0/24"]))
    seen = address_of_sign_in(
        behind, cast.leads[0].email, sender="10.0.0.5", forwarded="6.6.6.6, 192.0.2.1"
    )
    assert seen == "192.0.2.1"


@pytest.mark.parametrize("forwarded", ["nobody", "' OR 1=1", "999.1.1.1"])
def test_an_address_that_is_none_is_not_kept(cast: Cast, forwarded: str) -> None:
    behind = ProxyHeadersMiddleware(router, trusted_hosts=["10.0.0.5"])
    email = cast.leads[0].email
    assert sign_in(behind, email, sender="10.0.0.5", forwarded=forwarded) < 500


@pytest.mark.parametrize("address", ["*", "proxy.example.org", "", "0.0.0.0/0", "::/0"])
def test_a_proxy_is_named_by_its_address(address: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        config.proxies([address])
