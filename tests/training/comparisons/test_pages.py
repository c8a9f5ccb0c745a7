"""The pages of an evaluation's blind comparisons, and the same by the API."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Comparison
from tests.conftest import Cast
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.training.comparisons.conftest import Evaluated
from webapp.accounts.models import Membership


@pytest.fixture
def lead(evaluated: Evaluated, client: Client) -> Client:
    client.force_login(evaluated.cast.leads[0])
    return client


def url_of(evaluated: Evaluated, name: str, *more: Any) -> str:
    return reverse(name, args=[evaluated.cast.project.pk, evaluated.run.pk, *more])


def given(evaluated: Evaluated, **changes: Any) -> dict[str, Any]:
    plan: dict[str, Any] = {
        "name": "Which one",
        "first": str(evaluated.warm.pk),
        "second": str(evaluated.cold.pk),
        "raters": [str(user.pk) for user in evaluated.cast.annotators],
        "pairs": 4,
        "question": "Which helps more?",
        "overlap": 2,
        "lease_minutes": 30,
        "seed": 1,
        "key": "k",
    }
    return plan | changes


def test_a_lead_starts_one_from_the_evaluation_and_closes_it(
    evaluated: Evaluated, lead: Client
) -> None:
    listed = url_of(evaluated, "comparisons")
    assert "No blind comparisons yet" in html_of(lead.get(listed))
    new = url_of(evaluated, "comparison_new")
    page = html_of(lead.get(url_of(evaluated, "evaluation")))
    assert "No blind comparison yet" in page and f'href="{new}"' in page
    assert "Start the comparison" in html_of(lead.get(new))
    page = html_of(lead.post(new, given(evaluated), follow=True))
    assert "“Which one” is open" in page
    assert "Warm model against Cold model" in page
    assert "of 8 judgements" in page or "of 6 judgements" in page
    assert "No pair is judged yet." in page

    made = Comparison.objects.get()
    assert (made.overlap, made.question, made.seed) == (2, "Which helps more?", 1)
    link = made.evaluation
    at_desk = evaluated.at_desk(link)
    for user in evaluated.cast.annotators[:2]:
        at_desk.judge(user, "first")
    page = html_of(lead.get(listed))
    assert "Win rate of Warm model" in page and "100.0 %" in page
    assert "no interval" in page and "1 pair of 1 profile" in page
    assert "Too few: 1 of at least 10 pairs are judged by two people." in page
    page = html_of(lead.get(url_of(evaluated, "evaluation")))
    assert f'href="{listed}"' in page and "Warm model against Cold model" in page
    asked = 2 * made.pairs.filter(is_identical=False).count()
    assert "no interval, n 1" in page and f"2 of {asked}" in page
    page = html_of(lead.post(url_of(evaluated, "comparison_close", made.pk), follow=True))
    assert "is closed" in page and "Reopen" in page
    page = html_of(lead.post(url_of(evaluated, "comparison_open", made.pk), follow=True))
    assert "is open again" in page


def test_a_double_click_starts_one(evaluated: Evaluated, lead: Client) -> None:
    new = url_of(evaluated, "comparison_new")
    key = lead.get(new).context["form"]["key"].value()
    pages = [html_of(lead.post(new, given(evaluated, key=key), follow=True)) for _ in range(2)]
    assert all("“Which one” is open" in page for page in pages)
    assert Comparison.objects.count() == 1
    assert lead.get(new).context["form"]["key"].value() != key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"raters": []}, "This field is required"),
        ({"overlap": 4}, "Each pair needs 4 people, but you chose 3."),
        ({"pairs": 0}, "greater than or equal to 1"),
        ({"question": "x" * 201}, "at most 200 characters"),
        ({"seed": "x"}, "whole number"),
    ],
)
def test_what_the_form_refuses(
    evaluated: Evaluated, lead: Client, changes: dict[str, Any], words: str
) -> None:
    page = html_of(lead.post(url_of(evaluated, "comparison_new"), given(evaluated, **changes)))
    assert words in page
    assert not Comparison.objects.exists()


def test_the_same_system_twice_is_said_at_its_field(evaluated: Evaluated, lead: Client) -> None:
    body = given(evaluated, second=str(evaluated.warm.pk))
    page = html_of(lead.post(url_of(evaluated, "comparison_new"), body))
    assert "Choose two different systems." in page


def test_what_is_missing_is_said(evaluated: Evaluated, lead: Client) -> None:
    new = url_of(evaluated, "comparison_new")
    Membership.objects.filter(project=evaluated.cast.project, role="annotator").delete()
    assert "The project has no annotators" in html_of(lead.get(new))


def test_one_system_alone_is_compared_with_none(cast: Cast, client: Client) -> None:
    run = Setting(cast.project, cast.leads[0])["evaluated_id"]
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("comparison_new", args=[cast.project.pk, run.pk])))
    assert "There are no two systems to compare" in page


def test_the_same_by_the_api(evaluated: Evaluated, lead: Client) -> None:
    where = {"project_id": evaluated.cast.project.pk, "id": evaluated.run.pk}
    url = reverse("api_evaluation_comparisons", kwargs=where)
    answer = lead.post(url, given(evaluated, pairs=7), content_type="application/json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert (made["first"], made["second"]) == (str(evaluated.warm.pk), str(evaluated.cold.pk))
    assert (made["results"]["planned"], made["results"]["identical"]) == (12, 1)
    assert made["results"]["win_rate"] is None
    assert [row["id"] for row in lead.get(url).json()["results"]] == [made["id"]]

    key = {"HTTP_IDEMPOTENCY_KEY": "api"}
    bodies = [given(evaluated, name="Sent twice")] * 2
    sent = [lead.post(url, body, content_type="application/json", **key) for body in bodies]
    assert sent[0].status_code == sent[1].status_code == 201
    assert sent[0].json()["id"] == sent[1].json()["id"] != made["id"]
    assert Comparison.objects.count() == 2

    again = lead.post(url, given(evaluated), content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "name")
    wrong = given(evaluated, name="B", first=made["id"])
    assert lead.post(url, wrong, content_type="application/json").status_code == 400

    comparison = Comparison.objects.get(pk=made["id"])
    at_desk = evaluated.at_desk(comparison.evaluation)
    at_desk.judge(evaluated.cast.annotators[0], "second")
    one = {**where, "comparison_id": comparison.pk}
    results = lead.get(reverse("api_evaluation_comparison", kwargs=one)).json()["results"]
    assert (results["judged"], results["losses"]) == (1, 1)
    assert results["win_rate"] == {"value": 0, "low": None, "high": None, "n": 1, "profiles": 1}
    assert results["chose_a"]["n"] == 1
    assert results["agreement"]["value"] is None
    assert results["no_agreement"] == "Only one person has judged so far."
    for action, is_closed in (("close", True), ("open", False)):
        name = f"api_evaluation_comparison_{action}"
        body = lead.post(reverse(name, kwargs=one)).json()
        assert (body["closed_at"] is not None) is is_closed
