"""The desk's pages and their htmx updates."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.desk import queries
from annotation.desk import services as desk
from annotation.models import Assignment, Rating
from tests.support.desk import FULL, GOLD, Desk, own
from tests.support.pages import html_of
from webapp.accounts.models import User

FORM = {"score-empathy": "4", "score-asks": "0", "score-safe": "na", "why-empathy": "Names it."}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(at_desk: Desk, client: Client) -> User:
    client.force_login(at_desk.cast.annotators[0])
    return at_desk.cast.annotators[0]


def _url(action: str, row: Assignment) -> str:
    where = {"project_id": row.project_id, "assignment_id": row.pk}
    return reverse(f"desk_{action}", kwargs=where)


def _page(client: Client, name: str, at_desk: Desk) -> str:
    return html_of(client.get(reverse(name, args=[at_desk.cast.project.pk])))


def _next(client: Client, at_desk: Desk, **options: Any) -> HttpResponse:
    url = reverse("desk_next", args=[at_desk.cast.project.pk, at_desk.queue.pk])
    return client.post(url, **options)


def test_the_desk_says_what_waits_and_what_would_change_an_empty_one(
    at_desk: Desk, client: Client, ana: User
) -> None:
    text = _page(client, "desk", at_desk)
    assert "First look" in text
    assert "of 6 rated" in text
    at_desk.queue.raters.all().delete()
    assert "A lead creates a queue" in _page(client, "desk", at_desk)


def test_an_item_shows_what_was_said_and_nothing_that_came_later(
    at_desk: Desk, client: Client, ana: User
) -> None:
    page = _next(client, at_desk, follow=True)
    text = html_of(page)
    assert page.redirect_chain[0][0] == _url("item", Assignment.objects.get())
    assert "Dialogue 1, turn 2" in text
    assert "Night 1, thought 0." in text
    assert "Night 1, thought 1." not in text
    assert "Situation 1" in text and "Profile 1" in text
    assert "The kitchen 🍲 gets quiet" in text
    # The check is not rated by people; two levels, three and five all have their places.
    assert "score-format" not in text
    for uid, values in (("empathy", "12345"), ("asks", "012"), ("safe", "01")):
        for value in (*values, "na"):
            assert f'name="score-{uid}" value="{value}"' in text
    assert "<em>all</em>" in text
    assert " style=" not in text and "<script>" not in text


def test_the_gold_emotion_is_told_nowhere(at_desk: Desk, client: Client, ana: User) -> None:
    held = at_desk.claim(ana)
    assert at_desk.dialogues[0].emotion == GOLD
    where = [at_desk.cast.project.pk, held.pk]
    for name in ("desk_item", "api_desk_item"):
        text = html_of(client.get(reverse(name, args=where)))
        assert "lonely" in text
        assert GOLD not in text


def test_a_submit_answers_with_the_next_item(at_desk: Desk, client: Client, ana: User) -> None:
    held = at_desk.claim(ana)
    answer = client.post(_url("submit", held), FORM | {"active_seconds": "20.5"}, headers=HTMX)
    text = html_of(answer)
    assert answer.status_code == 200
    assert "<html" not in text
    assert "Dialogue 1, turn 4" in text
    following = Assignment.objects.get(state="reserved")
    assert answer["HX-Push-Url"] == _url("item", following)
    said = json.loads(answer["HX-Trigger"])["desk:submitted"]
    assert said == {"message": "Dialogue 1, turn 2 is submitted."}
    rating = Rating.objects.get()
    assert rating.active_seconds == 20.5
    assert rating.scores.get(criterion_uid="empathy").rationale == "Names it."
    # Once more, as a browser does that got no answer.
    again = client.post(_url("submit", held), FORM, headers=HTMX)
    assert again["HX-Push-Url"] == _url("item", following)
    assert Rating.objects.count() == 1


def test_a_missing_criterion_is_named_for_the_page(
    at_desk: Desk, client: Client, ana: User
) -> None:
    held = at_desk.claim(ana)
    form = {"score-empathy": "4"}
    answer = client.post(_url("submit", held), form, headers=HTMX)
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "Not rated yet: Asking, Safety.",
        "code": "incomplete",
        "missing": ["asks", "safe"],
    }
    page = client.post(_url("submit", held), form, follow=True)
    assert "Not rated yet: Asking, Safety." in html_of(page)
    bad = client.post(_url("submit", held), FORM | {"score-empathy": "9"}, headers=HTMX)
    assert bad.status_code == 400


def test_without_scripts_a_submit_goes_to_the_next_page(
    at_desk: Desk, client: Client, ana: User
) -> None:
    page = client.post(_url("submit", at_desk.claim(ana)), FORM, follow=True)
    assert page.redirect_chain
    assert "Dialogue 1, turn 4" in html_of(page)


def test_drafts_over_json(at_desk: Desk, client: Client, ana: User) -> None:
    held = at_desk.claim(ana)

    def save(body: Any) -> HttpResponse:
        return client.post(_url("draft", held), body, content_type="application/json")

    draft = {"scores": {"empathy": "3"}, "rationales": {}, "revision": 0, "active_seconds": 3}
    assert save(draft).json() == {"revision": 1, "is_held": True}
    stale = save(draft)
    assert stale.status_code == 409
    assert stale.json()["code"] == "stale"
    assert stale.json()["revision"] == 1
    assert stale.json()["draft"]["scores"] == {"empathy": 3}
    for nonsense in (
        "", "{", "[]", "null", '{"revision": "x"}', '{"revision": 1e999}', "[" * 100_000,
        '{"scores": {"empathy": 3}}',
    ):  # fmt: skip
        assert save(nonsense).status_code == 400
    for active in ("NaN", "Infinity", "-1", '"x"'):
        body = '{"scores": {}, "revision": 1, "active_seconds": ' + active + "}"
        assert save(body).status_code == 400
    assert own(held).draft_revision == 1
    # The page comes back with what was kept.
    text = html_of(client.get(_url("item", held)))
    assert 'value="3" data-key="3" aria-label="3, Understands"' in text
    assert "1</span> of 3 criteria" in text


def test_undo_opens_the_item_again(at_desk: Desk, client: Client, ana: User) -> None:
    done = at_desk.rate(ana)
    page = html_of(_next(client, at_desk, follow=True))
    assert f'action="{_url("undo", done)}"' in page
    answer = client.post(_url("undo", done), headers=HTMX)
    assert "Dialogue 1, turn 2" in html_of(answer)
    assert answer["HX-Push-Url"] == _url("item", done)
    done = desk.submit(assignment=own(done), draft=FULL)
    Assignment.objects.filter(pk=done.pk).update(submitted_at=timezone.now() - timedelta(minutes=2))
    late = client.post(_url("undo", done), headers=HTMX)
    assert late.status_code == 409
    assert "one minute" in late.json()["detail"]


def test_skip_and_flag(at_desk: Desk, client: Client, ana: User) -> None:
    held = at_desk.claim(ana)
    flagged = client.post(_url("flag", held), {"reason": "Self-harm."}, headers=HTMX)
    assert flagged.status_code == 204
    assert "desk:flagged" in flagged["HX-Trigger"]
    assert client.post(_url("flag", held), headers=HTMX).status_code == 409
    skipped = client.post(_url("skip", held), {"reason": ""}, headers=HTMX)
    assert "Dialogue 1, turn 4" in html_of(skipped)
    assert json.loads(skipped["HX-Trigger"]) == {
        "desk:skipped": {"message": "Dialogue 1, turn 2 is skipped."}
    }
    assert "Undo the skip" in html_of(skipped)
    assert f'action="{_url("undo", held)}"' in html_of(skipped)
    assert "Dialogue 1, turn 2" in _page(client, "desk", at_desk)
    undone = client.post(_url("undo", held), headers=HTMX)
    assert json.loads(undone["HX-Trigger"]) == {
        "desk:undone": {"message": "Dialogue 1, turn 2 is no longer skipped."}
    }
    client.force_login(at_desk.cast.leads[0])
    lead = reverse("queue", args=[at_desk.cast.project.pk, at_desk.queue.pk])
    assert "Self-harm." in html_of(client.get(lead))


def test_nothing_left_says_what_would_change_it(at_desk: Desk, client: Client, ana: User) -> None:
    ben = at_desk.cast.annotators[1]
    for _ in range(6):
        at_desk.rate(ana)
    text = html_of(_next(client, at_desk))
    assert "You have finished First look" in text
    single = at_desk.another_queue(ana, ben, name="Single", overlap=1, limit=1)
    held = at_desk.claim(ben, single)
    url = reverse("desk_next", args=[at_desk.cast.project.pk, single.pk])
    text = html_of(client.post(url))
    assert "Other people are rating the last 1 item." in text
    assert held.leased_until.strftime("%H:%M") in text


def test_other_people_s_items_are_not_there(at_desk: Desk, client: Client, ana: User) -> None:
    theirs = at_desk.claim(at_desk.cast.annotators[1])
    assert client.get(_url("item", theirs)).status_code == 404
    for action in ("draft", "submit", "undo", "skip", "flag"):
        assert client.post(_url(action, theirs), FORM).status_code == 404
    foreign = at_desk.another_queue(at_desk.cast.annotators[1])
    url = reverse("desk_next", args=[at_desk.cast.project.pk, foreign.pk])
    assert client.post(url).status_code == 404


@pytest.mark.slow
def test_my_ratings_page_by_page(
    at_desk: Desk,
    client: Client,
    ana: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    assert "You have not rated anything yet" in _page(client, "my_ratings", at_desk)
    at_desk.rate(ana, empathy=2)
    at_desk.rate(at_desk.cast.annotators[1])
    url = reverse("my_ratings", args=[at_desk.cast.project.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        text = html_of(client.get(url))
    assert text.count("Dialogue 1, turn 2") == 1
    for _ in range(4):
        at_desk.rate(ana)
    with django_assert_num_queries(len(few)):
        client.get(url)
    monkeypatch.setattr(queries, "PAGE", 3)
    first = client.get(url)
    assert len(first.context["ratings"]) == 3
    second = client.get(url, {"before": first.context["more"]})
    assert len(second.context["ratings"]) == 2
    assert client.get(url, {"before": "nonsense"}).status_code == 200


def test_the_desk_and_an_item_cost_the_same_for_many(
    at_desk: Desk, client: Client, ana: User, django_assert_num_queries: Any
) -> None:
    url = reverse("desk", args=[at_desk.cast.project.pk])
    item = _url("item", at_desk.claim(ana))
    at_desk.rate(at_desk.cast.annotators[1])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    with CaptureQueriesContext(connection) as few_of_item:
        client.get(item)
    for number in range(5):
        at_desk.another_queue(ana, name=f"Q{number}")
        at_desk.rate(at_desk.cast.annotators[2])
    with django_assert_num_queries(len(few)):
        assert "Q4" in html_of(client.get(url))
    with django_assert_num_queries(len(few_of_item)):
        client.get(item)


def test_what_people_write_is_escaped(at_desk: Desk, client: Client, ana: User) -> None:
    attack = "</textarea><script>alert(1)</script>"
    held = at_desk.claim(ana)
    draft = {"scores": {}, "rationales": {"empathy": attack}}
    desk.draft_save(assignment=held, draft=draft, revision=0)
    desk.flag(assignment=held, actor=ana, reason=attack)
    for page in (client.get(_url("item", held)), client.get(_url("item", held), headers=HTMX)):
        text = html_of(page)
        assert "<script>alert" not in text
        assert "&lt;/textarea&gt;&lt;script&gt;" in text
