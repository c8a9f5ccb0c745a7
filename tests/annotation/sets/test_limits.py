"""Sets and snapshots by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.corpus.set_query import SetQuery
from annotation.models import Collection, Snapshot
from annotation.sets.limits import MEMBERS, shuffling
from annotation.sets.services import collection_create, freeze
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.stored import api_error, as_shown, page_error, stored
from webapp.errors import Refused
from webapp.limits import SEED

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    added(cast.project, parsed(1), parsed(2))
    client.force_login(cast.leads[0])
    return client


@pytest.fixture
def everything(cast: Cast) -> Collection:
    return collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery()
    )


def named_by_page(client: Client, cast: Cast, name: str) -> Any:
    url = reverse("set_new", args=[cast.project.pk])
    return client.post(url, as_shown(client.get(url)) | {"name": name})


def named_by_api(client: Client, cast: Cast, name: str) -> Any:
    url = reverse("api_set_list", args=[cast.project.pk])
    body = {"name": name, "query": {}}
    return client.post(url, body, content_type="application/json")


def frozen_by_page(client: Client, row: Collection, **given: Any) -> Any:
    page = client.get(reverse("set", args=[row.project_id, row.pk]))
    url = reverse("snapshot_freeze", args=[row.project_id, row.pk])
    return client.post(url, as_shown(page) | given)


def frozen_by_api(client: Client, row: Collection, **given: Any) -> Any:
    url = reverse("api_set_freeze", args=[row.project_id, row.pk])
    return client.post(url, given, content_type="application/json")


def test_a_set_is_stored_the_same_way(cast: Cast, lead: Client) -> None:
    assert named_by_page(lead, cast, " Nights ").status_code == 302
    assert named_by_api(lead, cast, " Nights ").status_code == 201
    page, api = Collection.objects.order_by("number")
    assert stored(page) == stored(api)


@pytest.mark.parametrize("given", [{}, {"limit": 1, "seed": 3}, {"limit": MEMBERS.most}])
def test_a_snapshot_is_stored_the_same_way(
    lead: Client, everything: Collection, given: dict[str, int]
) -> None:
    assert frozen_by_page(lead, everything, **given).status_code == 302
    assert frozen_by_api(lead, everything, **given).status_code == 201
    page, api = Snapshot.objects.order_by("number")
    assert stored(page) == stored(api)


@pytest.mark.parametrize(("length", "is_taken"), [(120, True), (121, False)])
def test_a_name_of_a_set(cast: Cast, lead: Client, length: int, is_taken: bool) -> None:
    page = page_error(named_by_page(lead, cast, "n" * length), "name")
    api = api_error(named_by_api(lead, cast, "n" * length), "name")
    assert (page == "", api == "") == (is_taken, is_taken)


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("limit", MEMBERS.most, True),
        ("limit", MEMBERS.most + 1, False),
        ("limit", 0, False),
        ("seed", SEED.most, True),
        ("seed", SEED.most + 1, False),
        ("seed", -1, False),
    ],
)
def test_the_bounds_of_a_snapshot(
    cast: Cast, lead: Client, everything: Collection, name: str, value: int, is_taken: bool
) -> None:
    page = page_error(frozen_by_page(lead, everything, **{name: value}), name)
    api = api_error(frozen_by_api(lead, everything, **{name: value}), name)
    assert (page == "", api == "") == (is_taken, is_taken)
    if not is_taken:
        with pytest.raises(Refused, match="between"):
            freeze(collection=everything, actor=cast.leads[0], **{name: value})


def test_a_script_meets_the_same_names(cast: Cast) -> None:
    for name in ("  ", "n" * 121):
        with pytest.raises(Refused, match="at most 120 characters"):
            collection_create(
                project=cast.project, actor=cast.leads[0], name=name, query=SetQuery()
            )


def test_every_seed_shuffles() -> None:
    drawn = [shuffling(seed) for seed in (0, 1, SEED.most - 1, SEED.most)]
    assert drawn == [1, 2, SEED.most, 1]
