"""Live pages: who may watch, what is sent, how often, and what an outage costs."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client

from annotation.models import FitRun
from tests.conftest import Cast
from tests.support.runs import start
from tests.support.waiting import LOOK_EVERY_S, SHORT_S, wait_until_async
from webapp.accounts.models import Membership, User
from webapp.asgi import application
from webapp.embedded.valkey import Valkey
from webapp.runs import consumers, live, registry
from webapp.runs import services as runs
from webapp.runs.models import Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(cast: Cast) -> FitRun:
    return start(cast)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test but the one about it waits for the interval between two messages."""
    monkeypatch.setattr(consumers, "MIN_INTERVAL_S", 0.01)


class Viewer:
    """A browser with a page of the run open."""

    def __init__(self, run: FitRun, user: User | None, **extensions: Any) -> None:
        client = Client()
        headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
        if user is not None:
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            headers.append((b"cookie", f"{name}={client.cookies[name].value}".encode()))
        self.socket = ApplicationCommunicator(
            application,
            {
                "type": "websocket",
                "path": f"/live/{run.kind}/{run.pk}/",
                "query_string": b"",
                "headers": headers,
                "subprotocols": [],
                "extensions": extensions,
            },
        )

    async def open(self) -> dict[str, Any]:
        await self.socket.send_input({"type": "websocket.connect"})
        return await self.socket.receive_output(SHORT_S)

    async def read(self) -> dict[str, Any]:
        return await self.socket.receive_output(SHORT_S)

    async def close(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(SHORT_S)


def together(story: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(story)()


def change(run: FitRun, name: str) -> Callable[[], Awaitable[None]]:
    def save() -> None:
        with transaction.atomic():
            FitRun.objects.filter(pk=run.pk).update(judge_name=name, status=Status.PENDING)
            live.publish(run.topic)

    return database_sync_to_async(save)


def test_a_viewer_gets_the_present_state_and_every_later_one(cast: Cast, run: FitRun) -> None:
    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        assert (await viewer.open())["type"] == "websocket.accept"
        first = await viewer.read()
        assert 'id="run-state" hx-swap-oob="true"' in first["text"]
        assert "Queued" in first["text"]
        await database_sync_to_async(runs.cancel)(run, actor=cast.leads[0])
        assert "was stopped" in (await viewer.read())["text"]
        await viewer.close()
        again = Viewer(run, cast.leads[0])
        await again.open()
        assert "was stopped" in (await again.read())["text"]
        await again.close()

    together(story)


@pytest.mark.slow
def test_many_changes_are_one_message_an_interval(
    cast: Cast, run: FitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not a length that somebody else may sleep; here the test says when it is over.
    interval, sleep = 1.234, asyncio.sleep
    monkeypatch.setattr(consumers, "MIN_INTERVAL_S", interval)
    intervals: list[asyncio.Event] = []

    async def sleep_or_hold(delay: float, *result: Any) -> Any:
        if delay != interval:
            return await sleep(delay, *result)
        intervals.append(asyncio.Event())
        await intervals[-1].wait()

    monkeypatch.setattr(asyncio, "sleep", sleep_or_hold)

    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        await viewer.read()
        for step in range(40):
            status = Status.FAILED if step % 2 else Status.CANCELLED
            await database_sync_to_async(_set)(run, status, f"Error {step}.")
        await wait_until_async(lambda: len(intervals) == 1, "the first interval")
        intervals[0].set()
        # The last state is never the one that was left out.
        assert "Error 39." in (await viewer.read())["text"]
        await database_sync_to_async(_set)(run, Status.FAILED, "Error 40.")
        await wait_until_async(lambda: len(intervals) == 2, "the next interval")
        intervals[1].set()
        assert "Error 40." in (await viewer.read())["text"]
        await viewer.close()

    together(story)


def test_what_did_not_change_is_not_sent(
    cast: Cast, run: FitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MIN_INTERVAL_S", 0)
    looks, send_state = [], consumers.RunConsumer.send_state

    async def count_looks(self: consumers.RunConsumer) -> bool:
        looks.append(await send_state(self))
        return looks[-1]

    monkeypatch.setattr(consumers.RunConsumer, "send_state", count_looks)

    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        assert "Queued" in (await viewer.read())["text"]
        await wait_until_async(lambda: len(looks) == 1, "the first look")
        await database_sync_to_async(live.send_now)(run.topic)
        await wait_until_async(lambda: len(looks) == 2, "a look at the unchanged run")
        await database_sync_to_async(_set)(run, Status.FAILED, "It changed.")
        assert "It changed." in (await viewer.read())["text"]
        await viewer.close()

    together(story)


@pytest.mark.parametrize("who", ["outsider", "stranger", "annotators", "nobody"])
def test_whoever_may_not_watch_gets_404_at_the_handshake(cast: Cast, run: FitRun, who: str) -> None:
    people = {"annotators": cast.annotators[0], "nobody": None}
    user = people[who] if who in people else getattr(cast, who)

    async def story() -> None:
        viewer = Viewer(run, user, **{"websocket.http.response": {}})
        answer = await viewer.open()
        assert (answer["type"], answer["status"]) == ("websocket.http.response.start", 404)

    together(story)


def test_a_role_that_is_taken_away_ends_the_socket_without_another_event(
    cast: Cast, run: FitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.2)

    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        await viewer.read()
        await sync_to_async(Membership.objects.filter(user=cast.leads[0]).delete)()
        assert await viewer.read() == {"type": "websocket.close", "code": 4404}

    together(story)


@pytest.mark.parametrize("how", ["role", "signed out", "deactivated", "password"])
def test_an_event_after_it_was_taken_away_sends_nothing(cast: Cast, run: FitRun, how: str) -> None:
    def take_away() -> None:
        lead = cast.leads[0]
        if how == "role":
            Membership.objects.filter(user=lead).delete()
        elif how == "signed out":
            Session.objects.all().delete()
        elif how == "deactivated":
            User.objects.filter(pk=lead.pk).update(is_active=False)
        else:
            lead.set_password("another battery")
            lead.save()

    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        await viewer.read()
        await sync_to_async(take_away)()
        await change(run, "Another name")()
        assert await viewer.read() == {"type": "websocket.close", "code": 4404}

    together(story)


def test_a_lost_message_costs_a_few_seconds(
    cast: Cast, run: FitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.2)

    async def story() -> None:
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        await viewer.read()
        await database_sync_to_async(_set)(run, Status.FAILED, "No message told it.", False)
        assert "No message told it." in (await viewer.read())["text"]
        await viewer.close()

    together(story)


def test_the_page_of_an_ended_run_that_still_changes_is_looked_at_again(
    cast: Cast, run: FitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.2)
    measured = replace(registry.find("fit"), still_changes=lambda run: True)
    monkeypatch.setitem(registry._kinds, "fit", measured)

    async def story() -> None:
        await database_sync_to_async(_set)(run, Status.FAILED, "It ended.", False)
        viewer = Viewer(run, cast.leads[0])
        await viewer.open()
        await viewer.read()
        await database_sync_to_async(_set)(run, Status.FAILED, "It was measured.", False)
        assert "It was measured." in (await viewer.read())["text"]
        await viewer.close()

    together(story)


def test_nothing_is_sent_before_the_commit_or_after_a_rollback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(live, "send_now", sent.append)
    with transaction.atomic():
        live.publish("topic")
        assert sent == []
    assert sent == ["topic"]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        live.publish("topic")
        raise ZeroDivisionError
    assert sent == ["topic"]


@pytest.mark.slow
def test_an_outage_of_valkey_loses_messages_only(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(tempfile.mkdtemp(prefix="kv", dir="/var/tmp"))  # noqa: S108  (a short path)
    valkey = Valkey(home, log=home / "log", durable=False)
    valkey.start()
    layer = RedisPubSubChannelLayer(hosts=[valkey.url])
    monkeypatch.setattr(live, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(live, "_sender", None)
    now, tries, group_send = [0.0], [], layer.group_send
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def count_tries(topic: str, message: dict[str, Any]) -> None:
        tries.append(topic)
        await group_send(topic, message)

    monkeypatch.setattr(layer, "group_send", count_tries)

    async def send_until(heard: asyncio.Event) -> None:
        while not heard.is_set():
            now[0] += live.QUIET_S
            await asyncio.to_thread(live.send_now, "topic")
            await asyncio.sleep(LOOK_EVERY_S)

    async def story() -> None:
        channel = await layer.new_channel()
        await layer.group_add("topic", channel)
        heard = asyncio.Event()

        async def listen() -> None:
            while True:
                await layer.receive(channel)
                heard.set()

        listening = asyncio.create_task(listen())
        await asyncio.to_thread(live.send_now, "topic")
        await asyncio.wait_for(heard.wait(), SHORT_S)
        assert tries == ["topic"]
        await asyncio.to_thread(valkey.stop)
        for key in ("first", "second", "third"):
            await sync_to_async(start)(cast, key)
        # Only the first start tried to send, twice.
        assert len(tries) == 1 + 2
        await asyncio.to_thread(valkey.start)
        heard.clear()
        await asyncio.wait_for(send_until(heard), SHORT_S)
        listening.cancel()
        await layer.flush()

    try:
        together(story)
    finally:
        valkey.stop()
        shutil.rmtree(home)
    assert FitRun.objects.filter(status=Status.PENDING).count() == 3


def _set(run: FitRun, status: str, error: str, tell: bool = True) -> None:
    with transaction.atomic():
        FitRun.objects.filter(pk=run.pk).update(status=status, error=error)
        if tell:
            live.publish(run.topic)
