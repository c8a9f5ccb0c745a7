"""A query that hangs holds no page for ever."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from webapp import config

SHOW = (
    "from django.db import connection\n"
    "with connection.cursor() as cursor:\n"
    "    cursor.execute('SHOW statement_timeout')\n"
    "    print(cursor.fetchone()[0])"
)
WEB = "import webapp.asgi\n"
WORKER = "import webapp.celery, django\ndjango.setup()\n"


@pytest.mark.slow
@pytest.mark.parametrize(("process", "limit"), [(WEB, "30s"), (WORKER, "0")])
@pytest.mark.django_db
def test_only_the_web_has_a_limit(process: str, limit: str) -> None:
    left_out = ("DJANGO_SETTINGS_MODULE", "KARDIA_STATEMENT_TIMEOUT_S")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        [sys.executable, "-c", process + SHOW],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == limit


def test_options_of_the_address_stay() -> None:
    given = config.database(
        "postgresql://me@host/studio?options=-c%20work_mem%3D64MB&sslmode=require"
    )
    assert config.limit_statements(given, 30)["OPTIONS"] == {
        "options": "-c work_mem=64MB -c statement_timeout=30000",
        "sslmode": "require",
    }


def hang(*_: Any, **__: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50")
        cursor.execute("SELECT pg_sleep(60)")


def break_down(*_: Any, **__: Any) -> None:
    raise OperationalError("the connection is closed")


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    client.raise_request_exception = False
    return client


def test_a_page_says_that_it_took_too_long(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.corpus.queries.imports_of", hang)
    answer = lead.get(reverse("imports", args=[cast.project.pk]))
    assert answer.status_code == 503
    assert "This took too long" in answer.content.decode()


def test_the_api_says_so_as_a_problem(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.corpus.api.imports_of", hang)
    answer = lead.get(reverse("api_import_list", args=[cast.project.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "too_slow"


def test_a_middleware_that_waits_is_no_other_failure(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionStore, "load", hang)
    answer = lead.get(reverse("imports", args=[cast.project.pk]))
    assert answer.status_code == 503


def test_any_other_failure_is_a_500(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.corpus.queries.imports_of", break_down)
    answer = lead.get(reverse("imports", args=[cast.project.pk]))
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
