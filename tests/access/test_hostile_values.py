"""Every address of the studio with values that no person types: it answers, and never with 500."""

import json
import logging
import socket
from base64 import b64encode
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.throttling import UserRateThrottle

from tests.access.hostile import HALF_SURROGATE, NUL, PATHS, TEXTS, VALUES, names
from tests.access.routes import Route
from tests.access.table import Rule
from tests.access.test_permissions import (
    BY_NAME,
    RULES,
    give_second_factor,
    give_session,
    taken_back,
    url_of,
)
from tests.conftest import Cast
from tests.support.objects import Setting
from webapp.accounts.models import Membership, Role, User

NAMES = names()
CURSORS = (NUL, "9" * 400, "abc")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without limits of requests, name servers and a log full of the errors."""

    def no_names(*_: object, **__: object) -> Any:
        raise OSError("no name server here")

    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": None})
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
    cache.clear()


@pytest.fixture
def person(cast: Cast) -> User:
    """Somebody with every role, so that nothing is refused before it is read."""
    user = cast.leads[0]
    User.objects.filter(pk=user.pk).update(is_admin=True)
    user.refresh_from_db()
    Membership.objects.bulk_create(
        Membership(project=cast.project, user=user, role=role)
        for role in (Role.CLINICIAN, Role.ANNOTATOR)
    )
    give_second_factor(user)
    return user


@pytest.mark.slow
@pytest.mark.parametrize("is_api", [False, True], ids=["pages", "api"])
def test_no_value_makes_the_studio_fail(is_api: bool, cast: Cast, person: User) -> None:
    client = Client(raise_request_exception=False)
    give_session(client, person)
    wrong: list[str] = []
    for rule in RULES:
        if BY_NAME[rule.name].is_api == is_api:
            with taken_back():
                wrong += failures(client, rule, Setting(cast.project, person))
    assert not wrong, "\n".join(wrong)


def failures(client: Client, rule: Rule, setting: Setting) -> Iterator[str]:
    route = BY_NAME[rule.name]
    url = url_of(route, setting, setting.project.pk)
    for method, address, kind, body in requests_to(rule, route, url):
        with taken_back():
            answer = client.generic(method, address, body, content_type=kind)
        if answer.status_code >= 500:
            yield f"{method} {rule.name} {kind} {address[:90]}: {answer.exc_info!r}"[:500]


def requests_to(rule: Rule, route: Route, url: str) -> Iterator[tuple[str, str, str, bytes]]:
    """Method, address, kind of body and body of each request to a URL."""
    last = url.rstrip("/").rpartition("/")[2]
    for number, path in enumerate(PATHS):
        yield rule.methods[number % len(rule.methods)], url.replace(last, path), FORM, b""
    if route.is_api and "GET" in rule.methods:
        for text in CURSORS:
            yield "GET", f"{url}?cursor={cursor(text)}", FORM, b""
    for method in rule.methods:
        query = dict(zip(NAMES, around(TEXTS, 0), strict=False))
        yield method, f"{url}?{urlencode(query)}", FORM, b""
        if method == "GET":
            # Which name meets which text depends on the names there are: this one meets all.
            yield method, f"{url}?{urlencode(dict.fromkeys(NAMES, NUL))}", FORM, b""
            continue
        if not route.is_api:
            for turn in range(2):
                fields = dict(zip(NAMES, around(TEXTS, turn), strict=False))
                yield method, url, FORM, urlencode(fields).encode()
        for turn in range(2):
            fields = dict(zip(NAMES, around(VALUES, turn), strict=False))
            yield method, url, "application/json", json.dumps(fields).encode()


def around(values: tuple[Any, ...], start: int) -> Iterator[Any]:
    return islice(cycle(values), start, None)


def cursor(position: str) -> str:
    """A cursor as the API gives it, for a position that it never gave."""
    return b64encode(f"p={quote(position)}".encode()).decode()


BODIES: dict[str, dict[str, Any]] = {
    "rubric_preview": {"text": "TEXT"},
    "rubric_presence": {"tab": "TEXT", "at": "TEXT"},
    "rubric_draft_save": {
        "content": {"spec_format": 1, "title": "TEXT"}, "expected_revision": 0
    },
    "rubric_example": {"content": {"spec_format": 1, "title": "TEXT"}, "levels": {"TEXT": 1}},
    "rubric_merge": {
        "base": None, "content": {"spec_format": 1, "title": "TEXT"}, "choices": {"TEXT": "mine"}
    },
    "desk_draft": {"scores": {}, "rationales": {"empathy": "TEXT"}, "revision": 0},
    "adjudicate_draft": {"scores": {}, "rationales": {"empathy": "TEXT"}, "revision": 0},
}  # fmt: skip
FORMS: dict[str, dict[str, str]] = {
    "desk_skip": {"reason": "TEXT"},
    "desk_flag": {"reason": "TEXT"},
    "desk_submit": {"score-empathy": "4", "why-empathy": "TEXT", "revision": "0"},
    "adjudicate_submit": {"score-empathy": "4", "why-empathy": "TEXT", "revision": "0"},
    "thread_open": {"anchor": "", "text": "TEXT"},
    "comment_add": {"text": "TEXT"},
    "comment_edit": {"text": "TEXT"},
    "pair_judge": {"choice": "TEXT", "why": "TEXT"},
    "rubric_publish": {"note": "TEXT", "meaning:TEXT": "yes"},
    "difficulty_set": {"difficulty": "TEXT"},
}


@pytest.mark.parametrize("text", [NUL, HALF_SURROGATE], ids=["nul", "half a surrogate pair"])
@pytest.mark.parametrize("name", [*BODIES, *FORMS])
def test_a_draft_with_text_that_no_database_keeps(
    name: str, text: str, cast: Cast, person: User
) -> None:
    """Bodies that are right but for one text reach further than those of the walk."""
    client = Client()
    give_session(client, person)
    url = url_of(BY_NAME[name], Setting(cast.project, person), cast.project.pk)
    written = json.dumps(BODIES.get(name, FORMS.get(name))).replace("TEXT", json.dumps(text)[1:-1])
    if name in BODIES:
        answer = client.post(url, written, content_type="application/json")
    else:
        fields = json.loads(written)
        body = urlencode(fields, errors="surrogatepass")
        answer = client.post(url, body, content_type=FORM)
    assert answer.status_code < 500


# What a draft's body writes, and where in which row it is kept.
KEPT = {
    "desk_draft": ("assignment_id", ("draft", "rationales", "empathy")),
    "adjudicate_draft": ("adjudication_id", ("draft", "rationales", "empathy")),
    "rubric_draft_save": ("version_id", ("draft", "title")),
}


@pytest.mark.parametrize("text", [NUL, HALF_SURROGATE], ids=["nul", "half an emoji"])
@pytest.mark.parametrize("name", KEPT)
def test_a_draft_with_half_an_emoji_is_kept(name: str, text: str, cast: Cast, person: User) -> None:
    """The half becomes the replacement character; the rest of the text costs nobody anything."""
    client = Client()
    give_session(client, person)
    setting = Setting(cast.project, person)
    url = url_of(BY_NAME[name], setting, cast.project.pk)
    body = json.dumps(BODIES[name]).replace("TEXT", json.dumps(text)[1:-1])
    answer = client.post(url, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    parameter, (field, *path) = KEPT[name]
    row = setting.of(name, parameter)
    row.refresh_from_db()
    found = getattr(row, field)
    for key in path:
        found = found[key]
    assert found == "a\ufffdb"
