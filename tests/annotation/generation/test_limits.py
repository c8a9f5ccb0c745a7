"""A generation by the page and by the API: one set of limits, defaults and rules."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.generation.limits import (
    COUNT,
    EXCHANGES,
    MAX_SITUATION,
    MAX_SITUATIONS,
    TEMPERATURE,
)
from annotation.models import GenerationRun
from tests.conftest import Cast
from tests.support.generation import corpus, endpoint, planned
from tests.support.stored import as_shown, page_error, stored
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db
FEW = {"count": 3, "emotions": ["lonely"]}


@pytest.fixture
def voice(cast: Cast) -> Endpoint:
    corpus(cast)
    return endpoint(cast, "http://127.0.0.1:9/v1")


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def by_page(client: Client, voice: Endpoint, given: dict[str, Any]) -> Any:
    url = reverse("generation_new", args=[voice.project_id])
    voices = {"supporter": voice.pk, "simulator": voice.pk}
    lines = {"situations": "\n".join(given["situations"])} if "situations" in given else {}
    return client.post(url, as_shown(client.get(url)) | voices | FEW | given | lines)


def by_api(client: Client, voice: Endpoint, given: dict[str, Any]) -> Any:
    url = reverse("api_generation_list", args=[voice.project_id])
    voices = {"supporter": str(voice.pk), "simulator": str(voice.pk)}
    return client.post(url, voices | FEW | given, content_type="application/json")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"exchanges": 10, "temperature": 2, "seed": SEED.most, "count": 5},
        {"temperature": 0, "situations": ["  The shift was long. ", "A letter came."], "seed": 4},
    ],
)
def test_a_run_is_stored_the_same_way(lead: Client, voice: Endpoint, given: dict[str, Any]) -> None:
    assert by_page(lead, voice, given).status_code == 302
    assert by_api(lead, voice, given).status_code == 201
    page, api = GenerationRun.objects.order_by("number")
    assert stored(page, "collection") == stored(api, "collection")
    assert [stored(item, "run") for item in page.items.all()] == [
        stored(item, "run") for item in api.items.all()
    ]
    if not given:
        assert (api.exchanges, api.temperature, api.seed) == (
            EXCHANGES.default,
            TEMPERATURE.default,
            SEED.default,
        )


@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        pytest.param("count", COUNT.most, COUNT.most + 1, marks=pytest.mark.slow),
        ("exchanges", EXCHANGES.most, EXCHANGES.most + 1),
        ("temperature", TEMPERATURE.most, TEMPERATURE.most + 0.1),
        ("seed", SEED.most, SEED.most + 1),
        ("situations", ["s"] * MAX_SITUATIONS, ["s"] * (MAX_SITUATIONS + 1)),
        ("situations", ["s" * MAX_SITUATION], ["s" * (MAX_SITUATION + 1)]),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    cast: Cast, lead: Client, voice: Endpoint, name: str, most: Any, more: Any
) -> None:
    for value, is_taken in ((most, True), (more, False)):
        page = page_error(by_page(lead, voice, {name: value}), name)
        answer = by_api(lead, voice, {name: value})
        api = "" if answer.status_code == 201 else str(answer.json()["errors"][name])
        assert (page == "", api == "") == (is_taken, is_taken), (page, api)
    with pytest.raises(Refused) as refusal:
        planned(cast, voice, **{name: more})
    assert refusal.value.code == name
