"""Replies to choose exemplars from: who may look, what is found, and what stays hidden."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.corpus.exemplars import SHOWN, Rated, replies_with
from annotation.models import Assignment
from tests.conftest import Cast
from tests.support.desk import Desk
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.pages import html_of


def test_words_find_replies_with_what_was_said_before(cast: Cast) -> None:
    member = cast.member(cast.clinicians[0])
    (dialogue,) = added(cast.project, parsed(1, pairs=2))
    found = replies_with(member, "KITCHEN quiet")
    assert [(one.text, one.before) for one in found] == [
        (turn.text, f"Night 1, thought {pair}.")
        for pair, turn in reversed(list(enumerate(supporter_turns(dialogue))))
    ]
    assert replies_with(member, "kitchen garden") == []
    assert replies_with(member, "100% _") == []


def test_another_project_s_replies_are_not_found(cast: Cast) -> None:
    added(cast.other_project, parsed(1))
    assert replies_with(cast.member(cast.clinicians[0]), "") == []


def test_a_page_of_replies_costs_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    added(cast.project, *(parsed(n, pairs=2) for n in range(15)))
    member = cast.member(cast.clinicians[0])
    with django_assert_num_queries(1):
        assert len(replies_with(member, "quiet")) == SHOWN


def submitted(at_desk: Desk, person: Any, **levels: Any) -> Any:
    """A rating of the next item that can't be taken back any more."""
    done = at_desk.rate(person, **levels)
    Assignment.objects.filter(pk=done.pk).update(submitted_at=timezone.now() - timedelta(minutes=5))
    return done.item.target.turn_id


def test_replies_that_people_gave_a_level(at_desk: Desk) -> None:
    cast = at_desk.cast
    member = cast.member(cast.clinicians[0])
    turn = submitted(at_desk, cast.annotators[0], empathy=5)
    found = replies_with(member, "", Rated("empathy", 5))
    assert [one.turn_id for one in found] == [turn]
    assert replies_with(member, "", Rated("empathy", 4)) == []
    assert replies_with(member, "", Rated("asks", 5)) == []


def test_who_is_still_to_rate_a_reply_does_not_learn_its_level(at_desk: Desk) -> None:
    """The second lead rates in the queue too (DECISIONS 10)."""
    cast = at_desk.cast
    submitted(at_desk, cast.annotators[0], empathy=5)
    rated = Rated("empathy", 5)
    assert replies_with(cast.member(cast.leads[1]), "", rated) == []
    assert len(replies_with(cast.member(cast.leads[0]), "", rated)) == 1


@pytest.mark.parametrize("query", ["", "?q=%00", "?uid=a&level=x", "?uid=%00&level=1", "?level=9"])
def test_any_address_is_answered(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.clinicians[0])
    page = client.get(reverse("exemplar_replies", args=[cast.project.pk]) + query)
    assert page.status_code == 200
    assert "There are no dialogues in this project yet" in html_of(page)


def test_text_of_people_is_escaped(cast: Cast, client: Client) -> None:
    client.force_login(cast.clinicians[0])
    (dialogue,) = added(cast.project, parsed(1, pairs=1))
    assert supporter_turns(dialogue)
    page = client.get(reverse("exemplar_replies", args=[cast.project.pk]) + "?q=<script>")
    assert "<script>" not in html_of(page)
