"""The OpenAPI document, and the running API held against it."""

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.urls import resolve, reverse
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.throttling import UserRateThrottle

from tests.access.test_permissions import taken_back
from tests.conftest import Cast
from tests.support.objects import Setting
from webapp import openapi
from webapp.accounts.tokens import create_token

EXAMPLES = 12
# Of these, so many with ids that nothing has.
STRANGE_IDS = 4
METHODS = ("get", "post", "put", "patch", "delete")
# Deletes the project; tests/webapp/accounts/test_deletion.py has it.
LEFT_OUT = {("delete", "/api/projects/{project_id}/")}

# What the document is of. Writing it takes a third of a second, and every test process loads this.
OPERATIONS = sorted(
    (path, method.lower())
    for path, _, method, _ in EndpointEnumerator().get_api_endpoints()
    if method.lower() in METHODS and (method.lower(), path) not in LEFT_OUT
)


@cache
def document() -> Any:
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


@pytest.mark.slow
def test_the_document_is_generated_without_a_warning(tmp_path: Any) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    assert file.stat().st_size > 1000


def test_every_operation_may_answer_with_a_problem() -> None:
    described = {
        (path, method)
        for path, operations in document()["paths"].items()
        for method in operations
        if method in METHODS and (method, path) not in LEFT_OUT
    }
    assert sorted(described) == OPERATIONS
    for path, method in OPERATIONS:
        answers = document()["paths"][path][method]["responses"]
        assert "application/problem+json" in answers["default"]["content"]


@pytest.mark.django_db
def test_the_document_is_written_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    openapi._document.cache_clear()
    openapi._written.cache_clear()
    write, written = openapi.SchemaGenerator.get_schema, []

    def counted(*args: Any, **options: Any) -> Any:
        written.append(args)
        return write(*args, **options)

    monkeypatch.setattr(openapi.SchemaGenerator, "get_schema", counted)
    url = reverse("api_schema")
    first = client.get(url)
    second = client.get(url)
    other = client.get(url, headers={"accept": "application/json"})

    assert len(written) == 1
    assert first.content == second.content
    assert first["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
    assert first.content.startswith(b"openapi: ")
    assert other["Content-Type"] == "application/json"
    assert other.json() == document()


def promises() -> list[Any]:
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415
    from schemathesis.specs.openapi import checks  # noqa: PLC0415

    return [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]


def without_trace(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application with each request in a transaction that is taken back: the examples do not
    depend on each other."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with taken_back():
            response = app(environ, start_response)
            body = [*response]
            response.close()  # type: ignore[attr-defined]
            return body

    return answer


@pytest.fixture(autouse=True)
def one_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests run inside the test's transaction, as fast as they come, without a name server."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": None})
    monkeypatch.setattr(socket, "getaddrinfo", _no_names(socket.getaddrinfo))
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def _no_names(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def only_numbers(host: Any, *arguments: Any, **options: Any) -> Any:
        if str(host)[:1].isdigit():
            return lookup(host, *arguments, **options)
        raise OSError("no name server here")

    return only_numbers


@pytest.fixture(scope="module")
def api() -> Any:
    import schemathesis  # here, because every test process loads this file  # noqa: PLC0415

    api = schemathesis.openapi.from_dict(document())
    api.app = without_trace(get_wsgi_application())
    return api


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_api_keeps_its_promises(path: str, method: str, cast: Cast, api: Any) -> None:
    lead = cast.leads[0]
    _, token = create_token(user=lead, name="schemathesis", scope="administer")
    operation = api[path][method.upper()]
    ids = real_ids(path, Setting(cast.project, lead))

    def send(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=promises())

    run(
        operation.as_strategy(path_parameters=ids),
        send,
        EXAMPLES - STRANGE_IDS if ids else EXAMPLES,
    )
    if ids:
        run(operation.as_strategy(), send, STRANGE_IDS)


def run(strategy: Any, send: Callable[[Any], None], examples: int) -> None:
    """The same examples every time."""
    quick = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    quick(given(case=strategy)(lambda case: send(case)))()


def real_ids(path: str, setting: Setting) -> dict[str, Any]:
    """Objects of the project for the path's parameters."""
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    zeros = dict.fromkeys(names, "00000000-0000-7000-8000-000000000000")
    url_name = resolve(path.format(**zeros)).url_name or ""
    return {
        name: str(setting.project.pk if name == "project_id" else setting.value(url_name, name))
        for name in names
    }
