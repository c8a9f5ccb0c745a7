"""Requests that are too large, as the server sees them: whole and in chunks."""

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator

from webapp.asgi import application

CHUNK = b"x" * 400


@pytest.fixture(autouse=True)
def small(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.UPLOAD_LIMIT_BYTES = 2000


def post(path: str, chunks: int, *, kind: str, says_length: bool) -> tuple[int, bytes]:
    """Status and body of the answer, and nothing of a request that is refused is read on."""
    headers = [(b"host", b"localhost"), (b"content-type", kind.encode())]
    if says_length:
        headers.append((b"content-length", str(chunks * len(CHUNK)).encode()))
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers,
        "http_version": "1.1",
    }  # fmt: skip

    async def talk() -> tuple[int, bytes]:
        server = ApplicationCommunicator(application, scope)
        for number in range(1, chunks + 1):
            event = {"type": "http.request", "body": CHUNK, "more_body": number < chunks}
            await server.send_input(event)
        start = await server.receive_output(10)
        body = await server.receive_output(10)
        return start["status"], body["body"]

    return async_to_sync(talk)()


@pytest.mark.parametrize("says_length", [True, False])
@pytest.mark.parametrize(
    ("kind", "chunks"),
    [("application/json", 3), ("text/plain", 3), ("multipart/form-data; boundary=b", 8)],
)
def test_a_body_beyond_the_limit_is_refused_for_everybody(
    says_length: bool, kind: str, chunks: int
) -> None:
    status, body = post("/api/projects/", chunks, kind=kind, says_length=says_length)
    assert status == 413
    assert json.loads(body)["status"] == 413


def test_a_page_says_it_in_plain_words() -> None:
    kind = "application/x-www-form-urlencoded"
    status, body = post("/accounts/login/", 3, kind=kind, says_length=True)
    assert (status, body) == (413, b"The request is too large for the studio.")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "chunks"), [("application/json", 2), ("multipart/form-data; boundary=b", 7)]
)
def test_a_body_within_the_limit_is_answered_by_the_studio(kind: str, chunks: int) -> None:
    assert post("/api/projects/", chunks, kind=kind, says_length=True)[0] == 401
