"""How large a request may be, decided before anything of it is kept.

Django writes a body to the disk before it looks at who sends it: without this, anybody who
reaches the studio could fill the disk.
"""

import json
import tempfile
from dataclasses import dataclass
from typing import IO, Any, cast

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

from webapp.accounts.uploads import may_send_file, sender_of
from webapp.files.services import has_disk

# An uploaded file is on the disk so often at a time: as the body of its request, as the file of
# the form, while its content is hashed, and in its place.
COPIES = 4
# A body whose length is not known is held against the free disk whenever so much more has come.
DISK_STEP_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Refusal:
    status: int
    title: str
    detail: str


TOO_LARGE = Refusal(413, "Too large", "The request is too large for the studio.")
DISK_FULL = Refusal(507, "Disk full", "The studio’s disk is nearly full. Nothing was kept.")


class BodyLimit:
    """Refuses a body that is larger than its sender may send, whether it says its length or
    comes in chunks. Who sends it is looked up only where it is larger than anybody may send."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"  # noqa: S101  (webapp.asgi puts it before HTTP only)
        body = _Body(scope, receive)
        await body.admit(_declared(scope))
        if body.refusal:
            await _refuse(scope, send, body.refusal)
            return
        has_answered = False

        async def watched(event: ASGISendEvent) -> None:
            nonlocal has_answered
            has_answered = True
            await send(event)

        await self.application(scope, body.receive, watched)
        if body.refusal and not has_answered:
            await _refuse(scope, send, body.refusal)


class _Body:
    """A body on its way. `refusal` says why no more of it is read."""

    def __init__(self, scope: HTTPScope, receive: ASGIReceiveCallable) -> None:
        self.refusal: Refusal | None = None
        self._scope = scope
        self._receive = receive
        self._size = 0
        self._limit: int = settings.ANONYMOUS_BODY_BYTES
        self._knows_sender = False
        self._next_disk_check = DISK_STEP_BYTES

    async def receive(self) -> ASGIReceiveEvent:
        event = await self._receive()
        if event["type"] == "http.request":
            self._size += len(event.get("body", b""))
            await self.admit(self._size)
        if self.refusal:
            # Django drops what it has of a request whose sender is gone.
            return {"type": "http.disconnect"}
        return event

    async def admit(self, size: int) -> None:
        """Set `refusal` where a body of this size is not taken."""
        if size > self._limit and not self._knows_sender:
            self._knows_sender = True
            self._limit = await database_sync_to_async(limit_of)(self._scope)
        if size > self._limit:
            self.refusal = TOO_LARGE
        elif size >= self._next_disk_check:
            self._next_disk_check = size + DISK_STEP_BYTES
            if not has_disk(COPIES * size - self._size):
                self.refusal = DISK_FULL


class SpoolingHandler(ASGIHandler):
    """Django's handler, but a large body goes to the disk whose free space is watched. Django
    would put it into the system's folder for temporary files, often a small disk or memory."""

    async def read_body(self, receive: Any) -> IO[bytes]:
        body = tempfile.SpooledTemporaryFile(  # noqa: SIM115  (Django closes it with the request)
            max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE, dir=str(settings.FILE_UPLOAD_TEMP_DIR)
        )
        is_whole = False
        while not is_whole:
            event = await receive()
            if event["type"] != "http.request":
                body.close()
                raise RequestAborted
            body.write(event.get("body", b""))
            is_whole = not event.get("more_body", False)
        body.seek(0)
        return cast(IO[bytes], body)


def limit_of(scope: HTTPScope) -> int:
    """The most bytes that the sender of this request may send. Only a form with a file may be
    large, and only from somebody who may send files there."""
    user = sender_of(scope)
    if user is None:
        return int(settings.ANONYMOUS_BODY_BYTES)
    room = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    is_form = _header(scope, b"content-type").lower().startswith(b"multipart/form-data")
    if is_form and may_send_file(user, path=scope["path"], method=scope["method"]):
        return room + int(settings.UPLOAD_LIMIT_BYTES)
    return room


def _declared(scope: HTTPScope) -> int:
    length = _header(scope, b"content-length")
    # A length of thousands of digits is no number that Python reads.
    return int(length[:18]) if length.isdigit() else 0


def _header(scope: HTTPScope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _refuse(scope: HTTPScope, send: ASGISendCallable, why: Refusal) -> None:
    problem: dict[str, Any] = {
        "type": "about:blank", "title": why.title, "status": why.status, "detail": why.detail
    }  # fmt: skip
    if scope["path"].startswith("/api/"):
        kind, body = b"application/problem+json", json.dumps(problem).encode()
    else:
        kind, body = b"text/plain; charset=utf-8", why.detail.encode()
    await send(
        {
            "type": "http.response.start",
            "status": why.status,
            # The rest of the body is not read: the connection can't be used again.
            "headers": [(b"content-type", kind), (b"connection", b"close")],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
