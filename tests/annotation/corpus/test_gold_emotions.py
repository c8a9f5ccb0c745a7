"""Whoever still rates in a dialogue is not told the emotion that it was written for: not by a
page, not by the API, not by a filter (annotation.corpus.gold_emotions)."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.exports.texts import selected_dialogues
from annotation.sets.queries import members_of, size_of, snapshots_of, with_member_counts
from annotation.sets.services import collection_create, freeze
from tests.conftest import Cast
from tests.support.desk import GOLD, Desk, build_desk
from tests.support.pages import html_of
from webapp.accounts.access import Member

FILTER = {"emotion": GOLD}


@pytest.fixture
def one(cast: Cast) -> Desk:
    """The second lead rates the two turns of the only dialogue; the first lead rates nowhere."""
    return build_desk(cast, dialogues=1)


def told(client: Client, one: Desk, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(name, args=[one.cast.project.pk, *args]), query)
    assert answer.status_code == 200
    return html_of(answer)


def test_neither_page_nor_api_tells_it(one: Desk, client: Client) -> None:
    dialogue = one.dialogues[0].pk
    addresses = [
        ("dialogue", dialogue), ("dialogues",), ("api_dialogue_retrieve", dialogue),
        ("api_dialogue_list",),
    ]  # fmt: skip
    for lead, is_told in ((one.cast.leads[0], True), (one.cast.leads[1], False)):
        client.force_login(lead)
        for name, *args in addresses:
            # The filter of the list names every emotion.
            text = re.sub("<option.*?</option>", "", told(client, one, name, *args), flags=re.S)
            assert (GOLD in text.lower()) is is_told, (name, lead)


def test_a_filter_does_not_tell_it_either(one: Desk, client: Client) -> None:
    for lead, found in ((one.cast.leads[0], 1), (one.cast.leads[1], 0)):
        client.force_login(lead)
        listed = client.get(reverse("api_dialogue_list", args=[one.cast.project.pk]), FILTER).json()
        assert len(listed["results"]) == found
        here = reverse("dialogue", args=[one.cast.project.pk, one.dialogues[0].pk])
        assert (here in told(client, one, "dialogues", **FILTER)) is bool(found)
        member = one.cast.member(lead)
        rows, _ = selected_dialogues(member, FILTER)
        assert rows.count() == found


def test_a_set_of_an_emotion_leaves_them_out(one: Desk) -> None:
    blind, seeing = one.cast.member(one.cast.leads[1]), one.cast.member(one.cast.leads[0])
    query = SetQuery(emotion=GOLD)
    collection = collection_create(
        project=one.cast.project, actor=seeing.user, name="Guilty ones", query=query
    )
    snapshot = freeze(collection=collection, actor=seeing.user)

    def seen(member: Member) -> tuple[int, int, int]:
        counted = with_member_counts(snapshots_of(one.cast.project), member).get(pk=snapshot.pk)
        listed = members_of(snapshot, member).count()
        return size_of(member=member, query=query), listed, counted.member_count

    assert seen(seeing) == (2, 2, 2)
    assert seen(blind) == (0, 0, 0)
    # A set that names no emotion tells none.
    assert size_of(member=blind, query=SetQuery()) == 2


def test_it_is_shown_when_the_queue_closes(one: Desk, client: Client) -> None:
    client.force_login(one.cast.leads[1])
    one.queue.closed_at = timezone.now()
    one.queue.save(update_fields=["closed_at"])
    url = reverse("api_dialogue_retrieve", args=[one.cast.project.pk, one.dialogues[0].pk])
    assert client.get(url).json()["emotion"] == GOLD
