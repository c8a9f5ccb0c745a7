"""Endpoints: keys that are bound and encrypted, addresses that are checked, and the test call."""

import asyncio
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Cast
from tests.support.pages import html_of
from tests.support.servers import Stub, answer, refusal, serve
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.llm import clients, queries, services, testing
from webapp.llm.models import Endpoint, EndpointTest, ModelCall
from webapp.llm.secrets import KeyLost
from webapp.runs.work import in_db

URL = "http://127.0.0.1:9/v1"
KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def fresh(settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK = True


def make(cast: Cast, **changes: Any) -> Endpoint:
    fields = {"name": "E", "base_url": URL, "model": "m", "api_key": KEY}
    return services.endpoint_create(
        project=cast.project, actor=cast.leads[0], **{**fields, **changes}
    )


def change(endpoint: Endpoint, cast: Cast, **changes: Any) -> bool:
    fields = {
        "name": endpoint.name, "base_url": endpoint.base_url, "model": endpoint.model,
        "max_concurrency": 4, "timeout_s": 5,
    }  # fmt: skip
    return services.endpoint_change(endpoint=endpoint, actor=cast.leads[0], **{**fields, **changes})


def test_the_key_is_encrypted_and_comes_back(cast: Cast) -> None:
    endpoint = make(cast)
    assert KEY.encode() not in bytes(Endpoint.objects.get().secret)
    assert services.read_key(endpoint) == KEY
    assert endpoint.secret_origin == "http://127.0.0.1:9"
    assert KEY not in str(list(Entry.objects.values()))
    assert services.read_key(make(cast, name="open", api_key="")) is None


@pytest.mark.parametrize(
    "moved",
    ["https://127.0.0.1:9/v1", "http://127.0.0.1:10/v1", "http://localhost:9/v1"],
)
def test_another_origin_drops_the_key_and_says_so(client: Client, cast: Cast, moved: str) -> None:
    endpoint = make(cast)
    client.force_login(cast.leads[0])
    answered = client.post(
        reverse("endpoint", args=[cast.project.pk, endpoint.pk]),
        {"name": "E", "base_url": moved, "model": "m", "max_concurrency": 1, "timeout_s": 5},
        follow=True,
    )
    assert "the key was removed" in html_of(answered)
    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.secret_origin) == (None, "")


def test_another_path_keeps_the_key_and_a_new_key_replaces_it(cast: Cast) -> None:
    endpoint = make(cast)
    assert change(endpoint, cast, base_url="http://127.0.0.1:9/v2/chat/completions") is False
    assert (endpoint.base_url, services.read_key(endpoint)) == ("http://127.0.0.1:9/v2", KEY)
    assert change(endpoint, cast, base_url="http://localhost:9", api_key="other") is False
    assert services.read_key(endpoint) == "other"


def test_a_row_that_was_tampered_with_does_not_send_the_key_elsewhere(cast: Cast) -> None:
    endpoint = make(cast)
    Endpoint.objects.update(base_url="http://127.0.0.1:11/v1", secret_origin="http://127.0.0.1:11")
    endpoint.refresh_from_db()
    with pytest.raises(KeyLost, match="entered for another address"):
        clients.open_client(endpoint)


def test_the_key_is_never_shown(client: Client, cast: Cast) -> None:
    endpoint = make(cast)
    client.force_login(cast.leads[0])
    where = [cast.project.pk, endpoint.pk]
    for url in (
        reverse("endpoint", args=where),
        reverse("endpoints", args=where[:1]),
        reverse("api_endpoint", args=where),
        reverse("api_endpoint_list", args=where[:1]),
    ):
        body = html_of(client.get(url))
        assert KEY not in body and "set" in body


def test_keys_rotate_and_lost_ones_are_asked_for_again(
    client: Client, cast: Cast, settings: Any
) -> None:
    endpoint = make(cast)
    old, fresh = settings.FIELD_KEYS, Fernet.generate_key().decode()
    settings.FIELD_KEYS = [fresh, *old]
    out = StringIO()
    call_command("rotate_field_keys", stdout=out)
    assert "keys of endpoints: 1 under the newest key, 0 can't be opened" in out.getvalue()
    settings.FIELD_KEYS = [fresh]
    endpoint.refresh_from_db()
    assert services.read_key(endpoint) == KEY
    settings.FIELD_KEYS = old
    assert services.rotate_keys() == (0, 1)
    assert queries.key_state(endpoint) == "lost"
    client.force_login(cast.leads[0])
    page = client.get(reverse("endpoint", args=[cast.project.pk, endpoint.pk]))
    assert "enter the key again" in html_of(page)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://169.254.169.254/latest", "metadata"),
        ("http://127.0.0.1:9/v1", "own machine"),
        ("http://10.0.0.7/v1", "private address"),
        ("file:///etc/passwd", "http"),
        ("http://user:pw@127.0.0.1/v1", "user name"),
        ("http://example.invalid/v1", "not found"),
        ("http://127.0.0.1:9/v1?x=1", "must not contain"),
    ],
)
def test_addresses_that_may_not_be_reached_are_refused(
    client: Client, cast: Cast, settings: Any, url: str, words: str
) -> None:
    settings.LLM_ALLOW_LOOPBACK = False
    client.force_login(cast.leads[0])
    answered = client.post(
        reverse("endpoint_new", args=[cast.project.pk]),
        {"name": "E", "base_url": url, "model": "m", "max_concurrency": 1, "timeout_s": 5},
    )
    assert words in str(answered.context["form"].errors["base_url"])
    assert not Endpoint.objects.exists()


def test_a_name_is_taken_once(cast: Cast) -> None:
    make(cast)
    with pytest.raises(Refused, match="already an endpoint with this name"):
        make(cast)


def started(endpoint: Endpoint, cast: Cast) -> EndpointTest:
    return services.endpoint_test(endpoint=endpoint, actor=cast.leads[0])


def test_a_worker_tests_once_and_keeps_what_it_asked(cast: Cast) -> None:
    stub = Stub(lambda body, count: answer("ready"))
    with serve(stub.app) as url:
        endpoint = make(cast, base_url=url)
        test = started(endpoint, cast)
        for _ in range(2):
            testing.run_test(test_id=test.pk)
    test.refresh_from_db()
    assert (test.reply, test.error, test.model) == ("ready", "", "m")
    assert test.ended_at is not None and test.latency_ms is not None and test.latency_ms > 0
    assert {headers["authorization"] for headers in stub.headers} == {f"Bearer {KEY}"}
    kept = ModelCall.objects.filter(made_for=test.pk)
    assert kept.count() == len(stub.bodies) == 6
    assert set(kept.values_list("purpose", flat=True)) == {"test"}
    assert KEY not in str(list(kept.values()))


def test_a_failed_test_says_why_without_the_key(cast: Cast) -> None:
    stub = Stub(lambda body, count: refusal(401, f"the key {KEY} is unknown"))
    with serve(stub.app) as url:
        test = started(make(cast, base_url=url), cast)
        testing.run_test(test_id=test.pk)
    test.refresh_from_db()
    assert "refuses the key (401)" in test.error and KEY not in test.error
    assert test.capabilities == {} and len(stub.bodies) == 1
    assert ModelCall.objects.get().error == test.error


def test_a_key_that_is_lost_is_what_the_test_says(cast: Cast) -> None:
    endpoint = make(cast)
    test = started(endpoint, cast)
    Endpoint.objects.update(base_url="http://127.0.0.1:11/v1")
    testing.run_test(test_id=test.pk)
    test.refresh_from_db()
    assert "entered for another address" in test.error


def test_the_button_enqueues_once_and_the_page_waits(
    client: Client, cast: Cast, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[list[str]] = []
    monkeypatch.setattr(
        "webapp.llm.services.current_app.send_task",
        lambda name, args, **options: sent.append(args),
    )
    endpoint = make(cast)
    client.force_login(cast.leads[0])
    where = [cast.project.pk, endpoint.pk]
    with django_capture_on_commit_callbacks(execute=True):
        answers = [client.post(reverse("endpoint_test", args=where)) for _ in range(3)]
    # Pressing the button again waits for the same test: nobody floods the queue.
    assert len(sent) == 1
    assert len({one.url for one in answers}) == 1
    htmx = {"HX-Request": "true"}
    waiting = html_of(client.get(answers[0].url, headers=htmx))
    assert 'hx-trigger="load delay:1s"' in waiting
    EndpointTest.objects.filter(pk=sent[0][0]).update(
        ended_at=timezone.now(),
        reply="ready",
        latency_ms=12.3,
        context_length=4096,
        capabilities={
            "schema": {"support": "ignored", "said": ""},
            "choice": {"support": "no", "said": "It refuses <that>."},
        },
    )
    done = html_of(client.get(answers[0].url, headers=htmx))
    assert "answers in 12 ms" in done and "4,096 tokens" in done and "hx-trigger" not in done
    assert "ignored" in done and "It refuses &lt;that&gt;." in done
    assert "answers in 12 ms" in html_of(client.get(reverse("endpoint", args=where)))


def test_a_test_that_no_worker_takes_is_given_up(client: Client, cast: Cast) -> None:
    endpoint = make(cast, timeout_s=1)
    test = started(endpoint, cast)
    EndpointTest.objects.update(asked_at=timezone.now() - timedelta(minutes=10))
    client.force_login(cast.leads[0])
    where = [cast.project.pk, endpoint.pk, test.pk]
    page = html_of(client.get(reverse("endpoint_test_result", args=where)))
    assert "The test did not run." in page and "hx-trigger" not in page


def test_an_endpoint_that_is_left_alone_says_so_until_when_and_why(
    client: Client, cast: Cast
) -> None:
    endpoint = make(cast)
    until = timezone.now() + timedelta(hours=1)
    services.endpoint_note_pause(endpoint_id=endpoint.pk, until=until, reason="Out of <memory>.")
    client.force_login(cast.leads[0])
    where = [cast.project.pk, endpoint.pk]
    page = html_of(client.get(reverse("endpoint", args=where)))
    assert "Paused until" in page and "Out of &lt;memory&gt;." in page
    assert "paused until" in html_of(client.get(reverse("endpoints", args=where[:1])))
    # The worker that noted it died: nobody leaves it alone any more.
    long_ago = timezone.now() - timedelta(hours=1)
    services.endpoint_note_pause(endpoint_id=endpoint.pk, until=long_ago, reason="Gone.")
    assert "Gone." not in html_of(client.get(reverse("endpoint", args=where)))


def test_an_archived_endpoint_is_not_offered(cast: Cast) -> None:
    endpoint = make(cast)
    services.endpoint_archive(endpoint=endpoint, actor=cast.leads[0])
    assert list(queries.endpoints_of(cast.project)) == []


def test_the_list_costs_the_same_for_more_rows(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    url = reverse("endpoints", args=[cast.project.pk])
    client.get(url)
    counts = []
    for first, last in ((0, 2), (2, 20)):
        for number in range(first, last):
            endpoint = make(cast, name=f"E{number}")
            EndpointTest.objects.create(
                project=cast.project, endpoint=endpoint, error="no", ended_at=timezone.now()
            )
        with CaptureQueriesContext(connection) as captured:
            assert html_of(client.get(url)).count("failed") == last
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_client_closes_without_a_call(cast: Cast) -> None:
    endpoint = make(cast)

    async def open_and_close() -> None:
        async with clients.open_client(endpoint) as client:
            assert client.model == "m"

    asyncio.run(open_and_close())


def test_what_a_server_refuses_is_kept_until_the_endpoint_leads_elsewhere(cast: Cast) -> None:
    endpoint = make(cast)
    place: dict[str, Any] = {"endpoint_id": endpoint.pk, "base_url": URL, "model": "m"}
    services.endpoint_note_adaptation(**place, field="seed", instead="", said="no seed\0")
    services.endpoint_note_adaptation(
        **{**place, "model": "other"}, field="top_p", instead="", said="no"
    )
    endpoint.refresh_from_db()
    assert endpoint.adaptations == {"seed": {"instead": "", "said": "no seed\ufffd"}}
    change(endpoint, cast)
    assert endpoint.adaptations
    change(endpoint, cast, model="other")
    assert endpoint.adaptations == {}


@pytest.mark.django_db(transaction=True)
def test_a_run_teaches_the_next_one_and_the_page_says_what_is_left_out(
    cast: Cast, client: Client
) -> None:
    def reply(body: dict[str, Any], count: int) -> Any:
        return refusal(400, "Unknown parameter: seed") if "seed" in body else answer()

    stub = Stub(reply)

    async def ask(endpoint: Endpoint) -> None:
        async with clients.open_client(endpoint) as model:
            messages = [{"role": "user", "content": "hi"}]
            await model.complete(messages, max_tokens=5, temperature=0.0, seed=1)

    with serve(stub.app) as url:
        endpoint = make(cast, base_url=url)
        asyncio.run(ask(endpoint))
        endpoint.refresh_from_db()
        asyncio.run(ask(endpoint))
    assert ["seed" in body for body in stub.bodies] == [True, False, False]
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("endpoint", args=[cast.project.pk, endpoint.pk])))
    assert "The same seed may give other words." in page
    assert "Unknown parameter: seed" in page
    services.endpoint_test(endpoint=endpoint, actor=cast.leads[0])
    endpoint.refresh_from_db()
    assert endpoint.adaptations == {}


@pytest.mark.django_db(transaction=True)
def test_a_test_leaves_no_connection_open(cast: Cast) -> None:
    """The next run of the worker would use it, though the database was restarted meanwhile."""

    def reply(body: dict[str, Any], count: int) -> Any:
        return refusal(400, "Unknown parameter: seed") if "seed" in body else answer()

    async def is_open() -> bool:
        return await in_db(lambda: connection.connection is not None)

    stub = Stub(reply)
    with serve(stub.app) as url:
        endpoint = make(cast, base_url=url)
        testing.run_test(test_id=started(endpoint, cast).pk)
    endpoint.refresh_from_db()
    assert "seed" in endpoint.adaptations
    assert not asyncio.run(is_open())


def test_a_test_ends_whatever_the_server_answers(cast: Cast, monkeypatch: Any) -> None:
    async def stumble(_: object) -> None:
        raise OverflowError("a number of the server")

    monkeypatch.setattr(testing, "probe", stumble)
    endpoint = make(cast)
    test = services.endpoint_test(endpoint=endpoint, actor=cast.leads[0])
    testing.run_test(test_id=test.pk)
    test.refresh_from_db()
    assert test.ended_at is not None
    assert "could not read what the server answers (OverflowError)" in test.error
