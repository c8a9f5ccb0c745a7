"""Requests that are too large, as the server sees them: whole and in chunks."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.test import Client
from django.urls import get_resolver, reverse

from tests.conftest import Cast
from webapp import bodies
from webapp.accounts.models import User
from webapp.accounts.tokens import create_token
from webapp.asgi import application, router
from webapp.bodies import BodyLimit, SpoolingHandler
from webapp.files import services as files

CHUNK = b"x" * 400
FORM = "multipart/form-data; boundary=b"
JSON = "application/json"
FIELDS = "application/x-www-form-urlencoded"
both_ways = pytest.mark.parametrize("says_length", [True, False])


@pytest.fixture(autouse=True)
def small(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ANONYMOUS_BODY_BYTES = 600
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.UPLOAD_LIMIT_BYTES = 2000
    # A test's transaction does not outlive its connection.
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)


async def reading(scope: Any, receive: Any, send: Any) -> None:
    """In place of Django: reads the body and answers 200."""
    while (event := await receive())["type"] == "http.request":
        if not event["more_body"]:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    # How many chunks of the request were read.
    read: int


def post(
    path: str,
    chunks: int,
    *,
    kind: str = JSON,
    says_length: bool = True,
    headers: dict[str, str] | None = None,
    app: Any = BodyLimit(reading),  # noqa: B008
) -> Answer:
    given = {"host": "localhost", "content-type": kind, **(headers or {})}
    if says_length:
        given["content-length"] = str(chunks * len(CHUNK))
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "http_version": "1.1",
    }  # fmt: skip

    async def talk() -> Answer:
        server = ApplicationCommunicator(app, scope)
        for number in range(1, chunks + 1):
            event = {"type": "http.request", "body": CHUNK, "more_body": number < chunks}
            await server.send_input(event)
        start = await server.receive_output(10)
        body = await server.receive_output(10)
        return Answer(start["status"], body["body"], chunks - server.input_queue.qsize())

    return async_to_sync(talk)()


def session_of(user: User) -> dict[str, str]:
    browser = Client()
    browser.force_login(user)
    return {"cookie": f"sessionid={browser.cookies['sessionid'].value}"}


def token_of(user: User, scope: str = "write") -> dict[str, str]:
    _, token = create_token(user=user, name="script", scope=scope)
    return {"authorization": f"Bearer {token}"}


@pytest.mark.django_db
@both_ways
@pytest.mark.parametrize("kind", [JSON, "text/plain", FORM])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "sessionid=unknown"},
        {"authorization": "Bearer kst_unknown"},
        {"authorization": "Bearer"},
    ],
)
def test_nobody_sends_much_without_signing_in(
    says_length: bool, kind: str, headers: dict[str, str]
) -> None:
    answer = post("/api/projects/", 50, kind=kind, says_length=says_length, headers=headers)
    assert answer.status == 413
    assert json.loads(answer.body)["status"] == 413
    # In chunks it is noticed at the second of 400 bytes, and nothing is read after it.
    assert answer.read == (0 if says_length else 2)


@both_ways
def test_an_upload_route_takes_no_more_from_strangers(cast: Cast, says_length: bool) -> None:
    path = reverse("import_new", args=[cast.project.pk])
    for headers in ({}, session_of(cast.stranger), session_of(cast.annotators[0])):
        answer = post(path, 50, kind=FORM, says_length=says_length, headers=headers)
        assert answer.status == 413
        assert answer.read <= 4


@both_ways
@pytest.mark.parametrize("signs_in", [session_of, token_of])
@pytest.mark.parametrize("name", ["api_import_list", "api_checkpoint_upload"])
def test_leads_send_files_to_the_upload_routes_alone(
    cast: Cast, says_length: bool, signs_in: Any, name: str
) -> None:
    headers = signs_in(cast.leads[0])
    upload, other = reverse(name, args=[cast.project.pk]), reverse("api_project_list")

    def status(path: str, chunks: int, kind: str = FORM) -> int:
        return post(path, chunks, kind=kind, says_length=says_length, headers=headers).status

    assert (status(upload, 7), status(upload, 8)) == (200, 413)
    assert (status(upload, 2, kind=JSON), status(upload, 3, kind=JSON)) == (200, 413)
    assert (status(other, 2), status(other, 3)) == (200, 413)


@both_ways
def test_a_token_that_only_reads_sends_no_more_than_a_stranger(
    cast: Cast, says_length: bool
) -> None:
    """Whoever finds one could fill the disk before the request is refused."""
    path, token = (
        reverse("api_import_list", args=[cast.project.pk]),
        token_of(cast.leads[0], "read"),
    )
    answer = post(path, 7, kind=FORM, says_length=says_length, headers=token)
    assert (answer.status, answer.read) == (413, 0 if says_length else 2)


def test_exactly_these_addresses_take_files() -> None:
    marked = set()

    def walk(patterns: Any) -> None:
        for each in patterns:
            if hasattr(each, "url_patterns"):
                walk(each.url_patterns)
                continue
            view = each.callback
            if hasattr(view, "cls"):
                named = getattr(view, "actions", {}) or {}
                view = getattr(view.cls, named.get("post", ""), None)
            if getattr(view, "upload_roles", ()):
                marked.add(each.name)

    walk(get_resolver().url_patterns)
    assert marked == {
        "import_new", "api_import_list", "checkpoint_new", "api_checkpoint_upload"
    }  # fmt: skip


@pytest.mark.django_db
def test_a_page_says_it_in_plain_words() -> None:
    answer = post("/accounts/login/", 3, kind=FIELDS)
    assert answer == Answer(413, b"The request is too large for the studio.", 0)


@pytest.mark.django_db
def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    answer = post("/accounts/login/", 1, says_length=False, headers={"content-length": "9" * 5000})
    assert answer.status == 413


@pytest.mark.django_db
def test_a_small_body_is_answered_without_asking_who_sends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "sender_of", lambda scope: pytest.fail("a small body"))
    assert post("/api/projects/", 1, app=application).status == 401


@both_ways
def test_an_upload_that_would_fill_the_disk_is_refused(
    cast: Cast, says_length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2500
    monkeypatch.setattr(bodies, "DISK_STEP_BYTES", 800)
    monkeypatch.setattr(bodies, "has_disk", lambda size: size <= free)
    path, headers = reverse("api_import_list", args=[cast.project.pk]), session_of(cast.leads[0])
    answer = post(path, 7, kind=FORM, says_length=says_length, headers=headers)
    assert (answer.status, json.loads(answer.body)["title"]) == (507, "Disk full")
    assert answer.read <= 4


def test_what_comes_is_put_on_the_disk_that_is_checked(settings: Any, tmp_path: Path) -> None:
    assert Path(django_settings.FILE_UPLOAD_TEMP_DIR).is_relative_to(django_settings.VAR_DIR)
    assert Path(django_settings.FILE_UPLOAD_TEMP_DIR).stat().st_mode & 0o777 == 0o700
    settings.ANONYMOUS_BODY_BYTES, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10_000, 100
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    kept = []

    class Handler(SpoolingHandler):
        async def read_body(self, receive: Any) -> Any:
            body = await super().read_body(receive)
            kept.append((body.read(), Path(f"/proc/self/fd/{body.fileno()}").readlink().parent))
            body.seek(0)
            return body

    post("/api/projects/", 3, app=Handler())
    assert kept == [(3 * CHUNK, tmp_path)]


def test_the_free_disk_has_a_reserve(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DISK_RESERVE_BYTES = 100
    monkeypatch.setattr(files, "_free_disk", lambda: 150)
    assert (files.has_disk(50), files.has_disk(51)) == (True, False)


def test_the_limit_stands_before_django() -> None:
    assert isinstance(router.application_mapping["http"], BodyLimit)
