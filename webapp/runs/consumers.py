"""The one WebSocket consumer: it sends the live part of a run's page."""

import asyncio
import time
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404

from webapp.accounts.access import member_of
from webapp.accounts.models import User
from webapp.errors import Refused
from webapp.runs import registry

MIN_INTERVAL_S = 1.0
# What the handshake and a later event answer to somebody who may not watch, or not any more.
GONE = 4404


class RunConsumer(AsyncWebsocketConsumer):
    """Authorised on connect and again on every event; a client that reconnects gets the
    present state. At most about one message a second for each viewer."""

    kind: str
    run_id: UUID
    topic: str = ""

    async def connect(self) -> None:
        route = self.scope["url_route"]["kwargs"]
        self.kind, self.run_id = route["kind"], route["run_id"]
        self.sent_at = 0.0
        self.waiting: asyncio.Task[None] | None = None
        html = await self.render()
        if html is None:
            await self.refuse()
            return
        self.topic = f"{self.kind}.{self.run_id.hex}"
        await self.channel_layer.group_add(self.topic, self.channel_name)
        await self.accept()
        # Read again: something may have changed between the first look and the subscription.
        await self.send_state()

    async def refuse(self) -> None:
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.close(code=GONE)
            return
        await self.base_send({"type": "websocket.http.response.start", "status": 404})
        await self.base_send({"type": "websocket.http.response.body", "body": b"Not found"})

    async def disconnect(self, code: int) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
        if self.topic:
            await self.channel_layer.group_discard(self.topic, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is asked for over the socket."""

    async def topic_changed(self, event: dict[str, Any]) -> None:
        if self.waiting is None or self.waiting.done():
            self.waiting = asyncio.create_task(self.send_soon())

    async def send_soon(self) -> None:
        await asyncio.sleep(max(0.0, self.sent_at + MIN_INTERVAL_S - time.monotonic()))
        # What changes from here on asks for another message.
        self.waiting = None
        await self.send_state()

    async def send_state(self) -> None:
        self.sent_at = time.monotonic()
        html = await self.render()
        if html is None:
            await self.close(code=GONE)
        else:
            await self.send(text_data=html)

    @database_sync_to_async
    def render(self) -> str | None:
        """The partial for this viewer as the rows are now; None where they may not see it."""
        try:
            kind = registry.find(self.kind)
            run = kind.model.objects.select_related("project").get(pk=self.run_id)
            # The session's user may have been signed out or lost the role since it connected.
            user = User.objects.get(pk=self.scope["user"].pk, is_active=True)
            member = member_of(user, run.project_id, *kind.roles)
        except (Refused, Http404, PermissionDenied, ObjectDoesNotExist):
            return None
        return kind.render(run, member)
