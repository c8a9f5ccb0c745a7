"""The server before its first request: an idle studio does not load torch and a model."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any


class WhenAsked:
    """An ASGI application that is built, in a thread, when the first request comes. `build`
    returns a Starlette application."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._app: Any = None
        self._building = asyncio.Lock()
        self._opened = AsyncExitStack()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        async with self._building:
            if self._app is None:
                app = await asyncio.to_thread(self._build)
                await self._opened.enter_async_context(app.router.lifespan_context(app))
                self._app = app
        await self._app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._opened.aclose()
        await send({"type": "lifespan.shutdown.complete"})
