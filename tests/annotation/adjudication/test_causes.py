"""Causes add up on the rubric's page, and a settled item becomes an exemplar in a draft."""

from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.adjudication.access import decision_for
from annotation.adjudication.exemplars import decision_to_draft
from annotation.adjudication.results import causes_of
from annotation.desk.services import submit
from annotation.models import Decision, Queue
from annotation.ratings.blindness import queue_still_rating
from annotation.ratings.services import withdraw_rating
from rubrics.core.spec import from_json, to_json
from rubrics.models import RubricVersion
from rubrics.writing.services import draft_open, draft_save
from tests.support.adjudication import DECIDED, make_final, settle
from tests.support.desk import FULL, RUBRIC, Desk
from tests.support.pages import html_of
from webapp.accounts.access import Member
from webapp.errors import Refused

ALL_STAND = {"causes": {"empathy": "legitimate_difference"}}


@pytest.fixture
def settled(apart: Desk) -> Desk:
    settle(apart, apart.cast.clinicians[0])
    settle(apart, apart.cast.clinicians[1], **ALL_STAND)
    return apart


def _lead(at_desk: Desk) -> Member:
    return at_desk.cast.member(at_desk.cast.leads[0])


def _decision(cause: str = "ambiguous_rubric") -> Decision:
    return Decision.objects.get(cause=cause)


def test_causes_are_counted_by_criterion(settled: Desk) -> None:
    rubric = settled.version.rubric
    first, second = causes_of(_lead(settled), rubric)
    assert (first.criterion.name, first.label, first.n) == ("Empathy", "Ambiguous rubric", 1)
    assert (first.items[0].title, first.items[0].level) == ("Dialogue 1, turn 2", 2)
    assert first.items[0].reason == DECIDED["rationales"]["empathy"]
    assert (second.label, second.items[0].level) == ("Legitimate difference", None)
    withdraw_rating(rating=_decision().score.rating, actor=settled.cast.leads[0])
    assert [row.cause for row in causes_of(_lead(settled), rubric)] == ["legitimate_difference"]


def test_those_who_still_rate_see_no_cause(settled: Desk) -> None:
    both = settled.cast.leads[1]
    settled.another_queue(both)
    member = settled.cast.member(both)
    assert causes_of(member, settled.version.rubric) == []
    with pytest.raises(Http404):
        decision_for(member, _decision().pk)


def test_a_draft_is_begun_with_the_item_as_exemplar(settled: Desk) -> None:
    decision = decision_for(_lead(settled), _decision().pk)
    opened = decision_to_draft(decision=decision, member=_lead(settled))
    assert (opened.version.number, opened.level) == (2, 2)
    empathy = from_json(opened.version.draft).criteria[1]
    (exemplar,) = empathy.exemplars
    assert (exemplar.level, exemplar.text) == (2, decision.score.rating.target.turn.text)
    assert exemplar.context == settled.dialogues[0].turns.get(position=0).text
    # Twice is once, and the draft that is there is used.
    again = decision_to_draft(decision=decision, member=_lead(settled))
    assert (again.version.pk, again.version.revision) == (opened.version.pk, 1)


def test_an_item_that_somebody_still_rates_becomes_no_exemplar(settled: Desk) -> None:
    """They would read its settled level in the rubric."""
    decision = decision_for(_lead(settled), _decision().pk)
    other = settled.another_queue(settled.cast.annotators[2])
    with pytest.raises(Refused, match="Somebody in the queue Another has not rated") as refusal:
        decision_to_draft(decision=decision, member=_lead(settled))
    assert refusal.value.code == "still_rated"
    assert not RubricVersion.objects.filter(status="draft").exists()
    # Who submitted sees the level anyway, once it can't be taken back.
    target = decision.score.rating.target
    while True:
        held = settled.claim(settled.cast.annotators[2], other)
        submit(assignment=held, draft={"scores": FULL["scores"]}, active_seconds=1)
        if held.item.target_id == target.pk:
            break
    assert queue_still_rating(target) == other
    make_final()
    assert decision_to_draft(decision=decision, member=_lead(settled)).level == 2


def test_a_closed_queue_keeps_no_item_from_the_exemplars(settled: Desk) -> None:
    other = settled.another_queue(settled.cast.annotators[2])
    Queue.objects.filter(pk=other.pk).update(closed_at=timezone.now())
    decision = decision_for(_lead(settled), _decision().pk)
    assert decision_to_draft(decision=decision, member=_lead(settled)).level == 2


def test_without_a_level_only_the_draft_is_opened(settled: Desk) -> None:
    decision = decision_for(_lead(settled), _decision("legitimate_difference").pk)
    opened = decision_to_draft(decision=decision, member=_lead(settled))
    assert (opened.level, opened.version.revision) == (None, 0)
    assert from_json(opened.version.draft).criteria[1].exemplars == ()


def test_a_draft_that_lost_the_criterion_or_is_in_review_is_left_alone(settled: Desk) -> None:
    lead, decision = _lead(settled), decision_for(_lead(settled), _decision().pk)
    draft = draft_open(rubric=settled.version.rubric, actor=lead.user)
    content = to_json(RUBRIC)
    content["criteria"] = [c for c in content["criteria"] if c["uid"] != "empathy"]
    draft_save(version=draft, actor=lead.user, content=content, expected_revision=0)
    with pytest.raises(Refused, match="no longer has this criterion"):
        decision_to_draft(decision=decision, member=lead)
    RubricVersion.objects.filter(pk=draft.pk).update(status="in_review")
    with pytest.raises(Refused, match="not published yet"):
        decision_to_draft(decision=decision, member=lead)


def test_the_rubric_s_page_leads_to_the_criterion_in_a_draft(settled: Desk, client: Client) -> None:
    client.force_login(settled.cast.clinicians[0])
    rubric = settled.version.rubric
    where = [settled.cast.project.pk, rubric.pk]
    part = reverse("adjudication_causes", args=where)
    assert f'hx-get="{part}"' in html_of(client.get(reverse("rubric", args=where)))
    text = html_of(client.get(part, headers={"HX-Request": "true"}))
    assert "Empathy: ambiguous rubric" in text and "<html" not in text
    url = reverse("adjudication_to_draft", args=[where[0], _decision().pk])
    answer = client.post(url)
    draft = RubricVersion.objects.get(number=2)
    assert answer["Location"] == reverse("rubric_edit", args=[where[0], draft.pk]) + "#empathy"
    # Annotators read rubrics, but not why others differed.
    client.force_login(settled.cast.annotators[0])
    assert "adjudication/rubrics" not in html_of(client.get(reverse("rubric", args=where)))
    assert client.get(part).status_code == 403


def test_many_items_cost_no_more_queries(apart: Desk, django_assert_num_queries: Any) -> None:
    settle(apart, apart.cast.clinicians[0])
    member, rubric = _lead(apart), apart.version.rubric
    with CaptureQueriesContext(connection) as few:
        causes_of(member, rubric)
    settle(apart, apart.cast.clinicians[0])
    with django_assert_num_queries(len(few)):
        assert causes_of(member, rubric)[0].n == 2
