"""The sockets of docs/permissions.md: who may watch which kind of run, now and later."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import Client
from django.urls import URLPattern

from tests.access.table import SOCKET, Rule, rules
from tests.conftest import Cast
from tests.support.objects import RUNS, TOPICS, Setting
from tests.support.waiting import SHORT_S
from webapp.accounts.models import Membership, User
from webapp.accounts.services import members, people
from webapp.asgi import application
from webapp.runs import registry
from webapp.urls import websocket_urlpatterns

RULES = {rule.name: rule for rule in rules() if SOCKET in rule.methods}
KINDS = sorted(
    [kind.model.kind for kind in registry.kinds()] + [topic.name for topic in registry.topics()]
)
BUILDERS = {**RUNS, **TOPICS}


def rule_of(kind: str) -> Rule:
    return RULES[f"live_run({kind})"]


@pytest.fixture(autouse=True)
def one_transaction(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket's code runs in the test's thread and inside its transaction, whose connection
    channels would close between two calls."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)
    monkeypatch.setattr("webapp.runs.consumers.MIN_INTERVAL_S", 0.01)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def test_every_socket_has_a_rule() -> None:
    names = [route.name for route in websocket_urlpatterns if isinstance(route, URLPattern)]
    assert names == ["live_run"], "a new socket: write its rules and its cases"
    assert sorted(RULES) == [f"live_run({kind})" for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_watch(kind: str, cast: Cast) -> None:
    allowed = rule_of(kind).allowed
    roles = {
        "clinician": cast.clinicians[0],
        "annotator": cast.annotators[0],
        "lead": cast.leads[0],
        "admin": cast.admin,
    }
    for role, person in roles.items():
        # Some kinds are for the person who started the run alone.
        run = BUILDERS[kind](Setting(cast.project, person))
        path = f"/live/{kind}/{run.pk}/"
        assert opens(path, person) == (role in allowed), role
    for nobody in (None, cast.outsider, cast.stranger):
        assert not opens(path, nobody)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_does_not_open_another_kinds_run(kind: str, cast: Cast) -> None:
    setting = Setting(cast.project, cast.leads[0])
    other = next(name for name in KINDS if name != kind)
    assert not opens(f"/live/{kind}/{BUILDERS[other](setting).pk}/", cast.leads[0])
    assert not opens("/live/unknown/01900000-0000-7000-8000-000000000000/", cast.leads[0])


def test_a_page_of_another_site_opens_nothing(cast: Cast) -> None:
    run = RUNS["generation"](Setting(cast.project, cast.leads[0]))
    path = f"/live/generation/{run.pk}/"
    for origin in (
        "http://evil.example",
        "https://localhost",
        "http://localhost:8001",
        "http://localhost.evil.example",
        "null",
    ):
        assert not opens(path, cast.leads[0], origin=origin), origin


@pytest.mark.parametrize("how", ["removed", "deactivated", "signed out"])
def test_a_socket_loses_what_its_person_lost(how: str, cast: Cast) -> None:
    """A role that is taken away ends the socket at the next event, before anything is sent."""
    lead = cast.leads[0]
    run = RUNS["generation"](Setting(cast.project, lead))
    client = Client()
    client.force_login(lead)

    def take_away() -> None:
        if how == "removed":
            members.remove_member(actor=cast.leads[1], project=cast.project, user=lead)
        elif how == "deactivated":
            people.set_active(actor=cast.admin, user=lead, active=False)
        else:
            Membership.objects.filter(user=lead).delete()

    async def watch() -> dict[str, Any]:
        socket = handshake(f"/live/generation/{run.pk}/", client)
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output(SHORT_S))["type"] == "websocket.accept"
        assert (await socket.receive_output(SHORT_S))["type"] == "websocket.send"
        await sync_to_async(take_away)()
        await get_channel_layer().group_send(run.topic, {"type": "topic.changed"})
        return await socket.receive_output(SHORT_S)

    assert async_to_sync(watch)() == {"type": "websocket.close", "code": 4404}


def opens(path: str, person: User | None, origin: str = "http://localhost") -> bool:
    client = Client()
    if person is not None:
        client.force_login(person)

    async def connect() -> bool:
        socket = handshake(path, client, origin)
        await socket.send_input({"type": "websocket.connect"})
        answer = await socket.receive_output(SHORT_S)
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(SHORT_S)
        return answer["type"] == "websocket.accept"

    return async_to_sync(connect)()


def handshake(
    path: str, client: Client, origin: str = "http://localhost"
) -> ApplicationCommunicator:
    """What a browser sends that is signed in as the client is."""
    headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
    session = client.cookies.get(settings.SESSION_COOKIE_NAME)
    if session is not None:
        headers.append((b"cookie", f"{session.key}={session.value}".encode()))
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "subprotocols": [],
    }
    return ApplicationCommunicator(application, scope)
