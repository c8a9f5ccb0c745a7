"""Whether a judge can be trusted with a version of a rubric."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement import tables
from annotation.agreement.trust import CriterionTrust, trust_of
from rubrics.models import Judge
from tests.support.desk import RUBRIC, Desk
from tests.support.judge_runs import llm_judge
from tests.support.judged_desk import LEVELS, judge_that_gives
from tests.support.pages import html_of
from webapp.llm.models import Endpoint


def empathy_of(at_desk: Desk, judge: Judge) -> CriterionTrust:
    member = at_desk.cast.member(at_desk.cast.leads[0])
    trust = trust_of(member, at_desk.version, judge)
    assert [row.criterion.uid for row in trust.criteria] == [c.uid for c in RUBRIC.judge_criteria]
    return trust.criteria[0]


def page(client: Client, at_desk: Desk, judge: Judge) -> str:
    client.force_login(at_desk.cast.leads[0])
    url = reverse("judge_trust", args=[judge.project_id, judge.pk])
    return html_of(client.get(url, {"version": str(at_desk.version.pk)}))


def test_a_judge_that_gives_nearly_what_people_give_is_trusted(rated: Desk, client: Client) -> None:
    judge = judge_that_gives(rated, [*LEVELS[:-1], 3])
    row = empathy_of(rated, judge)
    assert row.alpha is not None and row.alpha.low is not None and row.alpha.low > 0.667
    assert (row.answer, row.alpha.n_pairable) == ("yes", 12)
    assert row.off_by == pytest.approx(1 / 12)
    text = page(client, rated, judge)
    assert "Yes, on Empathy:" in text and "Not known, on" in text


def test_a_judge_that_mixes_the_scale_up_is_not(rated: Desk, client: Client) -> None:
    judge = judge_that_gives(rated, [(level + 2) % 5 + 1 for level in LEVELS])
    assert empathy_of(rated, judge).answer == "no"
    assert "No, on Empathy:" in page(client, rated, judge)


def test_a_judge_that_nobody_can_check_is_not_known(rated: Desk, client: Client) -> None:
    few = judge_that_gives(rated, LEVELS[: tables.MIN_ITEMS - 1])
    assert empathy_of(rated, few).answer == "not_shown"
    silent = llm_judge(rated.cast, Endpoint.objects.get())
    row = empathy_of(rated, silent)
    assert (row.alpha, row.off_by, row.answer) == (None, None, "not_shown")
    text = page(client, rated, silent)
    assert "people have rated none of the texts that this judge scored" in text
    assert "<table" not in text, "a table of dashes says nothing"
    assert "<table" in page(client, rated, few)


def test_an_unknown_version_is_not_found(rated: Desk, client: Client) -> None:
    judge = judge_that_gives(rated, LEVELS)
    client.force_login(rated.cast.leads[0])
    url = reverse("judge_trust", args=[judge.project_id, judge.pk])
    for version in ("x", str(judge.pk)):
        assert client.get(url, {"version": version}).status_code == 404
    # Without one it is the last rated.
    assert "Can Reader v1 be trusted here?" in html_of(client.get(url))
