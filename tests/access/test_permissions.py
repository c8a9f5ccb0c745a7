"""docs/permissions.md against the studio: one case for each URL and method, made from the URL
patterns and the table, so that a URL without a rule fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.access.routes import Route, routes
from tests.access.table import SOCKET, Rule, rules
from tests.conftest import Cast
from tests.support.objects import Setting
from webapp.accounts.models import User

ROUTES = routes()
RULES = [rule for rule in rules() if SOCKET not in rule.methods]
BY_NAME = {route.name: route for route in ROUTES}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# By person. Every test has people of its own.
SESSIONS: dict[UUID, str] = {}
CASES = [(rule, method) for rule in RULES for method in rule.methods if rule.name in BY_NAME]


def case_id(value: object) -> str:
    return value.name if isinstance(value, Rule | Route) else str(value)


def test_every_url_has_one_name() -> None:
    assert [route.path for route in ROUTES if not route.name] == []
    assert len(BY_NAME) == len(ROUTES), "two URLs share a name"


def test_every_url_has_a_rule() -> None:
    missing = sorted(set(BY_NAME) - {rule.name for rule in RULES})
    assert missing == [], "add a row for each of these to docs/permissions.md"


def test_every_rule_has_a_url() -> None:
    assert sorted({rule.name for rule in RULES} - set(BY_NAME)) == []


def test_no_method_has_two_rules() -> None:
    pairs = [(rule.name, method) for rule in RULES for method in rule.methods]
    assert sorted({pair for pair in pairs if pairs.count(pair) > 1}) == []


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "method"), CASES, ids=case_id)
def test_rule(rule: Rule, method: str, cast: Cast) -> None:
    route = BY_NAME[rule.name]
    cache.clear()
    if rule.is_public:
        answer = ask(None, method, route, Setting(cast.project, cast.leads[0]))
        assert answer.status_code not in (401, 403) and answer.status_code < 500
    elif route.in_project:
        check_project_rule(rule, method, route, cast)
    else:
        check_instance_rule(rule, method, route, cast)


def check_project_rule(rule: Rule, method: str, route: Route, cast: Cast) -> None:
    people = role_players(cast)
    members = [role for role in ("clinician", "annotator", "lead") if role in rule.allowed]
    assert "admin" not in rule.allowed, "administrators see no project that they are not in"
    assert members, "a URL of a project is for somebody in it"
    owner = people[members[0]]
    here = Setting(cast.project, owner)

    assert_sent_to_sign_in(ask(None, method, route, here), route)
    for nobody in (cast.outsider, cast.stranger, cast.admin):
        assert ask(nobody, method, route, here).status_code == 404, f"{nobody} must get 404"
    for role in ("clinician", "annotator", "lead"):
        if role not in rule.allowed:
            answer = ask(people[role], method, route, here)
            assert answer.status_code == 403, f"{role} must get 403"

    if len(route.arguments) > 1:
        there = Setting(cast.other_project, cast.stranger)
        foreign = url_of(route, there, cast.project.pk)
        assert send(owner, method, foreign).status_code == 404, "a row of another project"
        mine = url_of(route, here, cast.other_project.pk)
        assert send(cast.stranger, method, mine).status_code == 404, "a row of another project"

    for role in members:
        answer = ask(people[role], method, route, Setting(cast.project, people[role]))
        assert_answered(answer, role)


def check_instance_rule(rule: Rule, method: str, route: Route, cast: Cast) -> None:
    people = {**role_players(cast), "admin": cast.admin}
    if rule.name.startswith("mfa_"):
        for person in people.values():
            give_second_factor(person)
    owner = next(people[role] for role in people if role in rule.allowed)
    here = Setting(cast.project, owner)
    assert_sent_to_sign_in(ask(None, method, route, here), route)
    for role, person in people.items():
        if role not in rule.allowed:
            answer = ask(person, method, route, here)
            assert answer.status_code == 403, f"{role} must get 403"
    if "clinician" not in rule.allowed:
        assert ask(cast.outsider, method, route, here).status_code == 403
    elif route.arguments:
        # What belongs to one person: nobody else's business.
        assert ask(cast.outsider, method, route, here).status_code == 404
    for role, person in people.items():
        if role in rule.allowed:
            assert_answered(ask(person, method, route, Setting(cast.project, person)), role)


RULED = {rule.name for rule in RULES}


@pytest.mark.slow
@pytest.mark.parametrize(
    "route",
    [r for r in ROUTES if r.name in RULED and (r.in_project or r.is_api)],
    ids=case_id,
)
def test_methods_without_a_rule_are_refused(route: Route, cast: Cast) -> None:
    ruled = {method for rule in RULES if rule.name == route.name for method in rule.methods}
    here = Setting(cast.project, cast.leads[0])
    for method in METHODS if route.is_api else ("GET", "POST"):
        if method not in ruled:
            status = ask(cast.leads[0], method, route, here).status_code
            assert status in (403, 404, 405), f"{method} has no rule but answers {status}"


def give_second_factor(person: User) -> None:
    """The pages about it are there for people who have one."""
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)


def role_players(cast: Cast) -> dict[str, User]:
    """One person for each role, who has that role only."""
    return {
        "clinician": cast.clinicians[0],
        "annotator": cast.annotators[0],
        "lead": cast.leads[0],
    }


def ask(person: User | None, method: str, route: Route, setting: Setting) -> HttpResponse:
    return send(person, method, url_of(route, setting, setting.project.pk))


def url_of(route: Route, setting: Setting, project_id: Any) -> str:
    arguments = {
        name: project_id if name == "project_id" else setting.value(route.name, name)
        for name in route.arguments
    }
    return reverse(route.url_name, kwargs=arguments)


def send(person: User | None, method: str, url: str) -> HttpResponse:
    """One request, whose changes are taken back."""
    client = Client(raise_request_exception=True)
    if person is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = session_of(person)
    with taken_back():
        body = {"content_type": "application/json"} if url.startswith("/api/") else {}
        return client.generic(method, url, "{}" if body else "", **body)


def session_of(person: User) -> str:
    """Each person has one session for the whole test. Each new one is noted as newly used; with
    one for each of some ten requests that took a tenth of the time."""
    if person.pk not in SESSIONS:
        SESSIONS[person.pk] = new_session(person)
    return SESSIONS[person.pk]


def give_session(client: Client, person: User) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = new_session(person)


def new_session(person: User) -> str:
    """The key of what `force_login` makes, without its signals."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def assert_sent_to_sign_in(answer: HttpResponse, route: Route) -> None:
    if route.is_api:
        assert answer.status_code == 401, "anonymous must get 401"
    else:
        assert answer.status_code == 302, "anonymous must be sent to sign in"
        assert answer.headers["Location"].startswith(reverse("account_login"))


def assert_answered(answer: HttpResponse, role: str) -> None:
    status = answer.status_code
    assert status < 500 and status not in (401, 403, 404), f"{role} got {status}"
    assert not answer.headers.get("Location", "").startswith(reverse("account_login"))
