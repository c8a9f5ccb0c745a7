"""The one WebSocket consumer: it sends the live parts of the page of a run or a topic."""

import asyncio
import logging
from collections.abc import Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone

from webapp.accounts.access import member_of
from webapp.accounts.middleware import zone_of
from webapp.accounts.models import User
from webapp.errors import Refused
from webapp.runs import registry

logger = logging.getLogger(__name__)
sessions = import_module(settings.SESSION_ENGINE)

# Between two messages to one viewer.
MIN_INTERVAL_S = 1.0
# A run under way and a topic are looked at this often even without an event: a message may have
# been lost.
LOOK_AGAIN_S = 10.0
# What a viewer gets who may not watch any more; browsers do not come back after it.
GONE = 4404
# After an error of ours browsers do come back.
TRY_AGAIN = 1013


class RunConsumer(AsyncWebsocketConsumer):
    """Authorised on connect and again on every event; a client that reconnects gets the
    present state. Of the parts of a page those are sent that changed."""

    kind: str
    run_id: UUID
    topic: str = ""
    following: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        route = self.scope["url_route"]["kwargs"]
        self.kind, self.run_id = route["kind"], route["run_id"]
        self.is_ended = False
        self.sent: Sequence[str] = ()
        if await self.render() is None:
            await self.refuse()
            return
        self.topic = f"{self.kind}.{self.run_id.hex}"
        await self.channel_layer.group_add(self.topic, self.channel_name)
        await self.accept()
        # Read again: something may have changed between the first look and the subscription.
        self.changed = asyncio.Event()
        self.changed.set()
        self.following = asyncio.create_task(self.follow())

    async def refuse(self) -> None:
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.close(code=GONE)
            return
        await self.base_send({"type": "websocket.http.response.start", "status": 404})
        await self.base_send({"type": "websocket.http.response.body", "body": b"Not found"})

    async def disconnect(self, code: int) -> None:
        if self.following is not None:
            self.following.cancel()
        if self.topic:
            await self.channel_layer.group_discard(self.topic, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is asked for over the socket."""

    async def topic_changed(self, event: dict[str, Any]) -> None:
        self.changed.set()

    async def follow(self) -> None:
        try:
            while await self.send_state():
                await asyncio.sleep(MIN_INTERVAL_S)
                await self.next_change()
            await self.close(code=GONE)
        except Exception:
            logger.exception("the page of %s %s is not followed any more", self.kind, self.run_id)
            await self.close(code=TRY_AGAIN)

    async def next_change(self) -> None:
        patience = None if self.is_ended else LOOK_AGAIN_S
        try:
            await asyncio.wait_for(self.changed.wait(), patience)
        except TimeoutError:
            return

    async def send_state(self) -> bool:
        """Send what is new. False where the viewer may not watch any more."""
        self.changed.clear()
        parts = await self.render()
        if parts is None:
            return False
        known = set(self.sent)
        self.sent = parts
        if fresh := [part for part in parts if part not in known]:
            await self.send(text_data="\n".join(fresh))
        return True

    @database_sync_to_async
    def render(self) -> Sequence[str] | None:
        """The parts for this viewer as the rows are now; None where they may not see them."""
        try:
            user = self.signed_in_user()
            if topic := registry.find_topic(self.kind):
                return self.render_topic(topic, user)
            kind = registry.find(self.kind)
            run = kind.model.objects.select_related("project").get(pk=self.run_id)
            member = member_of(user, run.project_id, *kind.readers)
            if kind.is_personal and run.created_by_id != member.user.pk:
                return None
        except (Refused, Http404, PermissionDenied, ObjectDoesNotExist):
            return None
        self.is_ended = run.is_ended and not (kind.still_changes and kind.still_changes(run))
        with timezone.override(zone_of(user)):
            parts = kind.render(run, member)
        return (parts,) if isinstance(parts, str) else parts

    def render_topic(self, topic: registry.Topic, user: User) -> Sequence[str]:
        member = member_of(user, topic.project_of(self.run_id), *topic.roles)
        with timezone.override(zone_of(user)):
            return (topic.render(self.run_id, member),)

    def signed_in_user(self) -> User:
        """Whose session it is now: it may have been ended since the socket was opened."""
        session = sessions.SessionStore(self.scope["session"].session_key)
        user = auth.get_user(cast(HttpRequest, SimpleNamespace(session=session)))
        if not isinstance(user, User) or not user.is_active:
            raise PermissionDenied
        return user
