"""How large a request may be, decided before anything of it is kept.

Django writes a body to the disk before it looks at who sends it: without this, anybody who
reaches the studio could fill the disk.
"""

import json
from typing import Any

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)
from django.conf import settings

REFUSAL = "The request is too large for the studio."


class BodyLimit:
    """Answers 413 to a body beyond `limit_of`, whether it says its length or comes in chunks."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"  # noqa: S101  (webapp.asgi puts it before HTTP only)
        limit = limit_of(scope)
        if _declared(scope) > limit:
            await _refuse(scope, send)
            return
        size, has_answered = 0, False

        async def counted() -> ASGIReceiveEvent:
            nonlocal size
            event = await receive()
            if event["type"] == "http.request":
                size += len(event["body"])
                if size > limit:
                    # Django drops what it has of a request whose sender is gone.
                    return {"type": "http.disconnect"}
            return event

        async def watched(event: ASGISendEvent) -> None:
            nonlocal has_answered
            has_answered = True
            await send(event)

        await self.application(scope, counted, watched)
        if size > limit and not has_answered:
            await _refuse(scope, send)


def limit_of(scope: HTTPScope) -> int:
    """Only a form with files may be large; its fields have the room of any other request."""
    room: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if _header(scope, b"content-type").lower().startswith(b"multipart/form-data"):
        return room + int(settings.UPLOAD_LIMIT_BYTES)
    return room


def _declared(scope: HTTPScope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _header(scope: HTTPScope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _refuse(scope: HTTPScope, send: ASGISendCallable) -> None:
    problem: dict[str, Any] = {
        "type": "about:blank", "title": "Too large", "status": 413, "detail": REFUSAL
    }  # fmt: skip
    if scope["path"].startswith("/api/"):
        kind, body = b"application/problem+json", json.dumps(problem).encode()
    else:
        kind, body = b"text/plain; charset=utf-8", REFUSAL.encode()
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            # The rest of the body is not read: the connection can't be used again.
            "headers": [(b"content-type", kind), (b"connection", b"close")],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
