"""Endpoints and prices by the page and by the API: one set of limits and defaults."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.stored import api_error, as_shown, stored
from webapp.errors import Refused
from webapp.limits import Bounds
from webapp.llm.limits import CONCURRENCY, MAX_API_KEY, TIMEOUT_S
from webapp.llm.models import Endpoint, Price
from webapp.llm.services import endpoint_create, price_set

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/v1"
GIVEN = {"name": "E", "base_url": URL, "model": "m"}
PRICE = {"since": "2026-01-02", "prompt": "0.5", "completion": "1", "currency": "EUR"}


@pytest.fixture
def lead(cast: Cast, client: Client, settings: Any) -> Client:
    settings.LLM_ALLOW_LOOPBACK = True
    client.force_login(cast.leads[0])
    return client


def named_by_page(client: Client, cast: Cast, **given: Any) -> Any:
    url = reverse("endpoint_new", args=[cast.project.pk])
    return client.post(url, as_shown(client.get(url)) | GIVEN | given)


def named_by_api(client: Client, cast: Cast, **given: Any) -> Any:
    url = reverse("api_endpoint_list", args=[cast.project.pk])
    return client.post(url, GIVEN | given, content_type="application/json")


def made(cast: Cast, **given: Any) -> Endpoint:
    return endpoint_create(project=cast.project, actor=cast.leads[0], **(GIVEN | given))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": " E ", "base_url": f"{URL}/", "max_concurrency": 1024, "timeout_s": 3600},
        {"model": "n" * 200, "max_concurrency": 1, "timeout_s": 1},
    ],
)
def test_an_endpoint_is_stored_the_same_way(
    cast: Cast, lead: Client, given: dict[str, Any]
) -> None:
    assert named_by_page(lead, cast, **given).status_code == 302
    page = Endpoint.objects.get()
    Endpoint.objects.update(name="By page")
    assert named_by_api(lead, cast, **given).status_code == 201
    api = Endpoint.objects.exclude(pk=page.pk).get()
    assert stored(page) == stored(api)
    if not given:
        assert (api.max_concurrency, api.timeout_s) == (CONCURRENCY.default, TIMEOUT_S.default)


@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        ("max_concurrency", CONCURRENCY.most, CONCURRENCY.most + 1),
        ("timeout_s", TIMEOUT_S.most, TIMEOUT_S.most + 1),
        ("name", "n" * 80, "n" * 81),
        ("model", "n" * 200, "n" * 201),
        ("base_url", f"{URL}/{'p' * (299 - len(URL))}", f"{URL}/{'p' * (300 - len(URL))}"),
        ("api_key", "k" * MAX_API_KEY, "k" * (MAX_API_KEY + 1)),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    cast: Cast, lead: Client, name: str, most: Any, more: Any
) -> None:
    for value, is_taken in ((most, True), (more, False)):
        page = named_by_page(lead, cast, **{name: value})
        assert page.status_code == (302 if is_taken else 200)
        assert is_taken or page.context["form"].errors[name]
        Endpoint.objects.all().delete()
        api = api_error(named_by_api(lead, cast, **{name: value}), name)
        assert (api == "") == is_taken, api
        Endpoint.objects.all().delete()
    with pytest.raises(Refused) as refusal:
        made(cast, **{name: more})
    assert str(refusal.value).endswith(".") and "already" not in str(refusal.value)


@pytest.mark.parametrize("bounds", [CONCURRENCY, TIMEOUT_S])
def test_a_script_is_told_the_bounds(cast: Cast, lead: Client, bounds: Bounds) -> None:
    with pytest.raises(Refused) as refusal:
        made(cast, **{bounds.name: 0})
    assert (refusal.value.code, str(refusal.value)) == (bounds.name, str(bounds))


def priced_by_page(client: Client, endpoint: Endpoint, **given: Any) -> Any:
    url = reverse("endpoint_price", args=[endpoint.project_id, endpoint.pk])
    return client.post(url, PRICE | given)


def priced_by_api(client: Client, endpoint: Endpoint, **given: Any) -> Any:
    url = reverse("api_endpoint_price_list", args=[endpoint.project_id, endpoint.pk])
    return client.post(url, PRICE | given, content_type="application/json")


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ({"currency": " eur "}, True),
        ({"prompt": "0", "completion": "999999.999999"}, True),
        ({"prompt": "1000000"}, False),
        ({"prompt": "-0.1"}, False),
        ({"completion": "0.0000001"}, False),
        ({"currency": "c" * 8}, True),
        ({"currency": "c" * 9}, False),
        ({"currency": "ß" * 8}, False),
    ],
)
def test_a_price_is_stored_the_same_way(
    cast: Cast, lead: Client, given: dict[str, str], is_taken: bool
) -> None:
    page_row, api_row = made(cast), made(cast, name="F")
    page, api = priced_by_page(lead, page_row, **given), priced_by_api(lead, api_row, **given)
    assert page.status_code == (302 if is_taken else 200)
    assert (api.status_code == 201) == is_taken
    if is_taken:
        ways = [stored(row, "endpoint") for row in Price.objects.order_by("pk")]
        assert ways[0] == ways[1]
        return
    assert page.context["price_form"].errors and not Price.objects.exists()
    (name, _) = next(iter(given.items()))
    value = given[name] if name == "currency" else Decimal(given[name])
    rest = {"prompt": Decimal(1), "completion": Decimal(1), "currency": "EUR"}
    with pytest.raises(Refused) as refusal:
        price_set(
            endpoint=page_row,
            actor=cast.leads[0],
            since=date(2026, 1, 2),
            **(rest | {name: value}),  # type: ignore[arg-type]
        )
    assert refusal.value.code in ("price", "currency")
