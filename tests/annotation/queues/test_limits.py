"""A queue by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Queue
from annotation.queues.limits import ADJUDICATE_FROM, LEASE_MINUTES, OVERLAP
from annotation.sets.limits import MEMBERS
from tests.support.desk import Desk
from tests.support.stored import api_error, as_shown, page_error, stored
from webapp.errors import Refused


@pytest.fixture
def lead(at_desk: Desk, client: Client) -> Client:
    client.force_login(at_desk.cast.leads[0])
    Queue.objects.update(name="Before")
    return client


def rows(at_desk: Desk) -> dict[str, Any]:
    return {
        "name": "Second look",
        "version": str(at_desk.version.pk),
        "raters": [str(user.pk) for user in at_desk.cast.annotators],
    }


def by_page(client: Client, at_desk: Desk, **given: Any) -> Any:
    url = reverse("queue_new", args=[at_desk.cast.project.pk])
    source = {"source": f"collection:{at_desk.collection.pk}"}
    return client.post(url, as_shown(client.get(url)) | rows(at_desk) | source | given)


def by_api(client: Client, at_desk: Desk, **given: Any) -> Any:
    url = reverse("api_queue_list", args=[at_desk.cast.project.pk])
    body = rows(at_desk) | {"collection": str(at_desk.collection.pk)} | given
    return client.post(url, body, content_type="application/json")


def same(client: Client, at_desk: Desk, page: dict[str, Any], api: dict[str, Any]) -> Queue:
    assert by_page(client, at_desk, **page).status_code == 302
    first = Queue.objects.get(name=page.get("name", "Second look").strip())
    Queue.objects.filter(pk=first.pk).update(name="By page")
    assert by_api(client, at_desk, **api).status_code == 201
    second = Queue.objects.latest("number")
    assert second.name == first.name
    assert stored(first, "snapshot") == stored(second, "snapshot")
    assert stored(first.snapshot) == stored(second.snapshot)
    return second


def test_what_is_left_as_it_is_shown_is_what_is_left_out(lead: Client, at_desk: Desk) -> None:
    queue = same(lead, at_desk, {}, {})
    assert (queue.overlap, queue.lease_minutes) == (OVERLAP.default, LEASE_MINUTES.default)
    assert queue.adjudicate_from == ADJUDICATE_FROM.default == 2


def test_everything_is_stored_as_it_was_given(lead: Client, at_desk: Desk) -> None:
    given = {"name": " Third look ", "overlap": 20, "lease_minutes": 1440, "limit": 2}
    given |= {"adjudicate_from": 3}
    queue = same(lead, at_desk, given | {"order": "random"}, given | {"seed": 1})
    assert queue.items.count() == 2


@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        ("overlap", OVERLAP.most, OVERLAP.most + 1),
        ("lease_minutes", LEASE_MINUTES.most, LEASE_MINUTES.most + 1),
        ("adjudicate_from", ADJUDICATE_FROM.most, ADJUDICATE_FROM.most + 1),
        ("limit", MEMBERS.most, MEMBERS.most + 1),
        ("name", "n" * 120, "n" * 121),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    lead: Client, at_desk: Desk, name: str, most: Any, more: Any
) -> None:
    for value, is_taken in ((most, True), (more, False)):
        page = page_error(by_page(lead, at_desk, **{name: value}), name)
        Queue.objects.filter(closed_at=None).update(name="Before")
        api = api_error(by_api(lead, at_desk, **{name: value}), name)
        Queue.objects.filter(closed_at=None).update(name="Before")
        assert (page == "", api == "") == (is_taken, is_taken), (value, page, api)
    with pytest.raises(Refused):
        at_desk.another_queue(*at_desk.cast.annotators, **{name: more})
