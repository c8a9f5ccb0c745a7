"""Prices, and what calls cost by them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.pages import html_of
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint, ModelCall, Price
from webapp.llm.services import price_set, price_withdraw
from webapp.llm.usage import Usage, usage_of_run

URL = "http://127.0.0.1:9/v1"


@pytest.fixture
def voice(cast: Cast) -> Endpoint:
    return endpoint(cast, URL)


def price(
    cast: Cast, voice: Endpoint, since: date, prompt: str, completion: str, **more: Any
) -> Price:
    return price_set(
        endpoint=voice, actor=cast.leads[0], since=since, prompt=Decimal(prompt),
        completion=Decimal(completion), currency=more.get("currency", "EUR"),
    )  # fmt: skip


def call(voice: Endpoint, run_id: Any, day: int, **fields: Any) -> None:
    made = ModelCall(
        project_id=voice.project_id, endpoint=voice, purpose="judge", run_id=run_id, request={},
        prompt_tokens=1_000_000, completion_tokens=500_000, **fields,
    )  # fmt: skip
    field = ModelCall._meta.get_field("created_at")
    field.auto_now_add = False
    made.created_at = datetime(2026, 3, day, 0, 0, 1, tzinfo=UTC)
    try:
        made.save(force_insert=True)
    finally:
        field.auto_now_add = True


def test_no_call_costs_nothing(cast: Cast) -> None:
    assert usage_of_run(new_id()) == Usage(costs=[])


def test_each_call_costs_what_held_on_its_day(cast: Cast, voice: Endpoint) -> None:
    run = new_id()
    price(cast, voice, date(2026, 3, 10), "2", "8")
    price(cast, voice, date(2026, 3, 20), "1", "4")
    for day in (9, 10, 19, 20):
        call(voice, run, day, retries=1, cached_tokens=10, error="Bad." if day == 9 else "")
    other = endpoint(cast, URL, name="Dollars")
    price(cast, other, date(2026, 1, 1), "0.5", "0", currency=" usd ")
    call(other, run, 12)
    call(voice, new_id(), 12)  # of another run
    usage = usage_of_run(run)
    assert (usage.calls, usage.failed, usage.retries, usage.unpriced) == (5, 1, 4, 1)
    assert (usage.prompt_tokens, usage.completion_tokens) == (5_000_000, 2_500_000)
    assert usage.cached_tokens == 40
    # Two days at 2 + 4, one at 1 + 2.
    assert [(cost.currency, cost.amount) for cost in usage.costs] == [
        ("EUR", 15),
        ("USD", Decimal("0.5")),
    ]


def test_the_count_takes_two_queries_however_many_rows(cast: Cast, voice: Endpoint) -> None:
    run = new_id()
    for day in range(1, 20):
        price(cast, voice, date(2026, 2, day), "1", "1")
        call(voice, run, day)
    with CaptureQueriesContext(connection) as found:
        usage_of_run(run)
    assert len(found) == 2


def test_a_price_is_set_once_a_day_and_taken_back(cast: Cast, voice: Endpoint) -> None:
    first = price(cast, voice, date(2026, 3, 1), "1", "2")
    with pytest.raises(Refused, match="Remove it first"):
        price(cast, voice, date(2026, 3, 1), "3", "4")
    price_withdraw(price=first, actor=cast.leads[0])
    price(cast, voice, date(2026, 3, 1), "3", "4")
    actions = Entry.objects.filter(action__startswith="endpoint.price").values_list(
        "action", flat=True
    )
    assert sorted(actions) == ["endpoint.price_withdrawn", "endpoint.priced", "endpoint.priced"]


def test_a_lead_sets_prices_on_the_page(client: Client, cast: Cast, voice: Endpoint) -> None:
    client.force_login(cast.leads[0])
    where = [cast.project.pk, voice.pk]
    page = html_of(client.get(reverse("endpoint", args=where)))
    assert "No price is set" in page
    data = {"since": "2026-03-01", "prompt": "0.15", "completion": "0.6", "currency": "eur"}
    client.post(reverse("endpoint_price", args=where), data)
    kept = Price.objects.get()
    assert (kept.prompt, kept.currency) == (Decimal("0.15"), "EUR")
    again = html_of(client.post(reverse("endpoint_price", args=where), data))
    assert "already a price from this day on" in again
    for bad in (
        {"prompt": "-1"},
        {"prompt": "NaN"},
        {"since": "soon"},
        {"currency": ""},
        {"completion": "1e30"},
    ):
        assert client.post(reverse("endpoint_price", args=where), data | bad).status_code == 200
    assert Price.objects.count() == 1
    client.post(reverse("endpoint_price_withdraw", args=[*where, kept.pk]))
    assert not Price.objects.exists()


def test_the_api_sets_the_same_prices(client: Client, cast: Cast, voice: Endpoint) -> None:
    client.force_login(cast.leads[0])
    url = reverse("api_endpoint_price_list", args=[cast.project.pk, voice.pk])
    data = {"since": "2026-03-01", "prompt": "0.15", "completion": "0.6", "currency": "EUR"}
    made = client.post(url, data, content_type="application/json")
    assert made.status_code == 201, made.content
    assert client.post(url, data, content_type="application/json").status_code == 409
    bad = client.post(url, data | {"prompt": -1}, content_type="application/json")
    assert bad.status_code == 400
    assert [row["prompt"] for row in client.get(url).json()["results"]] == ["0.150000"]
    one = reverse("api_endpoint_price", args=[cast.project.pk, voice.pk, made.json()["id"]])
    assert client.delete(one).status_code == 204
