"""Pages of adjudication."""

import json
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.adjudication import services
from annotation.desk import services as desk
from annotation.models import Adjudication, Queue, Rating
from annotation.queues.services import queue_set_adjudicate_from
from tests.support.adjudication import DECIDED, make_final, settle, take
from tests.support.desk import Desk
from tests.support.pages import html_of
from webapp.accounts.models import User

HTMX = {"HX-Request": "true"}
FORM = {
    "score-empathy": "2",
    "score-asks": "0",
    "score-safe": "na",
    "cause-empathy": "guidance_gap",
    "why-empathy": "It names the feeling only.",
}


@pytest.fixture
def clara(apart: Desk, client: Client) -> User:
    clinician = apart.cast.clinicians[0]
    client.force_login(clinician)
    return clinician


def _url(action: str, own: Adjudication) -> str:
    return reverse(f"adjudicate_{action}", args=[own.project_id, own.pk])


def _of_queue(name: str, at_desk: Desk) -> str:
    return reverse(name, args=[at_desk.cast.project.pk, at_desk.queue.pk])


def _take(client: Client, at_desk: Desk, position: int) -> HttpResponse:
    item = at_desk.queue.items.get(position=position)
    url = reverse("adjudicate_take", args=[at_desk.cast.project.pk, item.pk])
    return client.post(url, follow=True)


def test_the_queues_and_a_list(apart: Desk, client: Client, clara: User) -> None:
    overview = html_of(client.get(reverse("adjudication", args=[apart.cast.project.pk])))
    assert "First look" in overview and "of 2 settled" in overview
    text = html_of(client.get(_of_queue("adjudication_queue", apart)))
    assert "Dialogue 1, turn 2" in text and "Dialogue 2, turn 4" in text
    assert "Dialogue 1, turn 4" not in text
    # Who is no lead sees the setting and does not change it.
    assert "Settle at 2 or more levels apart" in text and "How far apart" not in text


def test_an_empty_page_says_what_would_fill_it(at_desk: Desk, client: Client) -> None:
    client.force_login(at_desk.cast.clinicians[0])
    overview = client.get(reverse("adjudication", args=[at_desk.cast.project.pk]))
    assert "Nothing to settle" in html_of(overview)
    text = html_of(client.get(_of_queue("adjudication_queue", at_desk)))
    assert "Nothing to settle in this queue" in text


def test_an_item_shows_the_raters_by_letters_only(apart: Desk, client: Client, clara: User) -> None:
    own = take(apart, clara)
    text = html_of(client.get(_url("item", own)))
    assert "Rater A" in text and "Rater B" in text and "Rater C" not in text
    assert "3 levels apart" in text
    for user in apart.cast.annotators:
        assert user.name not in text and str(apart.rater(user).pk) not in text
    assert "Anchor of Names it." in text
    assert "All raters agree" in text


def test_letters_change_from_item_to_item(apart: Desk) -> None:
    from annotation.adjudication.given import letters_of

    raters = [apart.rater(user).pk for user in apart.cast.annotators]
    items = list(apart.queue.items.all())
    assert all(sorted(letters_of(item, raters).values()) == ["A", "B", "C"] for item in items)
    assert letters_of(items[0], raters) == letters_of(items[0], raters[::-1])


def test_submit_goes_to_the_next_item_and_can_be_taken_back(
    apart: Desk, client: Client, clara: User
) -> None:
    own = take(apart, clara)
    answer = client.post(_url("submit", own), FORM, headers=HTMX)
    assert "Adjudicate Dialogue 2, turn 4" in html_of(answer)
    said = json.loads(answer["HX-Trigger"])["desk:submitted"]
    assert said == {"message": "Dialogue 1, turn 2 is settled."}
    rating = Rating.objects.get(purpose="adjudication")
    assert rating.scores.get(criterion_uid="empathy").value == 2
    back = client.post(_url("undo", own), headers=HTMX)
    assert "Adjudicate Dialogue 1, turn 2" in html_of(back)
    assert back["HX-Push-Url"] == _url("item", own)
    assert "It names the feeling only." in html_of(back)


def test_without_scripts_it_goes_to_the_next_page(apart: Desk, client: Client, clara: User) -> None:
    first = client.post(_of_queue("adjudicate_next", apart), follow=True)
    assert "Adjudicate Dialogue 1, turn 2" in html_of(first)
    own = Adjudication.objects.get()
    second = client.post(_url("submit", own), FORM, follow=True)
    assert "Adjudicate Dialogue 2, turn 4" in html_of(second)
    last = client.post(_url("submit", Adjudication.objects.latest("created_at")), FORM)
    assert "Everything is settled" in html_of(last)
    # What is submitted leads to the list.
    page = client.get(_url("item", own), follow=True)
    assert "Settled by You" in html_of(page)


def test_what_is_missing_is_said(apart: Desk, client: Client, clara: User) -> None:
    own = take(apart, clara)
    form = FORM | {"cause-empathy": "", "why-empathy": ""}
    answer = client.post(_url("submit", own), form, headers=HTMX)
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "Not decided yet: Empathy needs a cause and a reason.",
        "code": "incomplete",
        "missing": ["empathy"],
    }
    page = client.post(_url("submit", own), form, follow=True)
    assert "Empathy needs a cause and a reason." in html_of(page)
    bad = client.post(_url("submit", own), FORM | {"cause-empathy": "luck"}, headers=HTMX)
    assert bad.status_code == 400


def test_drafts_over_json(apart: Desk, client: Client, clara: User) -> None:
    own = take(apart, clara)

    def save(body: Any) -> HttpResponse:
        return client.post(_url("draft", own), body, content_type="application/json")

    draft = {**DECIDED, "revision": 0, "active_seconds": 3}
    assert save(draft).json() == {"revision": 1, "is_held": True}
    stale = save(draft)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert stale.json()["draft"]["causes"] == DECIDED["causes"]
    for nonsense in ("", "{", "[]", "null", '{"revision": "x"}', '{"causes": 3, "revision": 1}'):
        assert save(nonsense).status_code == 400
    text = html_of(client.get(_url("item", own)))
    assert '<option value="ambiguous_rubric" selected>' in text
    assert DECIDED["rationales"]["empathy"] in text


def test_an_item_of_the_list_is_taken_and_given_back(
    apart: Desk, client: Client, clara: User
) -> None:
    page = _take(client, apart, 3)
    assert "Adjudicate Dialogue 2, turn 4" in html_of(page)
    own = Adjudication.objects.get()
    back = client.post(_url("release", own), follow=True)
    assert "The item is free for somebody else." in html_of(back)
    take(apart, apart.cast.clinicians[1])
    taken = _take(client, apart, 0)
    assert "Somebody else has taken this item." in html_of(taken)
    # It is not on the list.
    assert _take(client, apart, 1).status_code == 404


def test_a_rater_of_the_item_can_not_take_it(apart: Desk, client: Client) -> None:
    both = apart.cast.leads[1]
    client.force_login(both)
    assert "Settle" in html_of(client.get(_of_queue("adjudication_queue", apart)))
    second = apart.another_queue(both)
    held = apart.claim(both, second)
    desk.submit(assignment=held, draft={"scores": {"empathy": 3, "asks": 0, "safe": 1}})
    assert _take(client, apart, held.item.position).status_code == 404
    # Nor any other that they still have to rate.
    assert _take(client, apart, 0).status_code == 404
    assert "Dialogue" not in html_of(client.get(_of_queue("adjudication_queue", apart)))


def test_other_people_s_adjudications_are_not_there(
    apart: Desk, client: Client, clara: User
) -> None:
    theirs = take(apart, apart.cast.clinicians[1])
    assert client.get(_url("item", theirs)).status_code == 404
    for action in ("draft", "submit", "undo", "release"):
        assert client.post(_url(action, theirs), FORM).status_code == 404


def test_annotators_are_refused(apart: Desk, client: Client) -> None:
    client.force_login(apart.cast.annotators[0])
    assert client.get(_of_queue("adjudication_queue", apart)).status_code == 403
    assert client.post(_of_queue("adjudicate_next", apart)).status_code == 403


def test_a_lead_changes_how_far(apart: Desk, client: Client) -> None:
    client.force_login(apart.cast.leads[0])
    url = _of_queue("queue_adjudicate_from", apart)
    text = html_of(client.post(url, {"levels": "1"}, follow=True))
    assert "Settle at 1 or more levels apart" in text and "of 3 items settled" in text
    text = html_of(client.post(url, {"levels": "11"}, follow=True))
    assert "Choose 1 to 10 levels." in text
    assert Queue.objects.get().adjudicate_from == 1


def test_a_concern_is_read_without_a_name(apart: Desk, client: Client, clara: User) -> None:
    ana, ben, _ = apart.cast.annotators
    held = apart.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    apart.rate(ana)
    apart.rate(ben)
    make_final()
    text = html_of(_take(client, apart, held.item.position))
    assert "She speaks of self-harm." in text and "Ana" not in text


def test_only_leads_read_who_settled(apart: Desk, client: Client, clara: User) -> None:
    settle(apart, apart.cast.clinicians[1])
    assert "Settled by Somebody else" in html_of(client.get(_of_queue("adjudication_queue", apart)))
    client.force_login(apart.cast.leads[0])
    assert "Settled by Carl Clinician" in html_of(
        client.get(_of_queue("adjudication_queue", apart))
    )


def test_pages_cost_the_same_for_many(
    apart: Desk, client: Client, clara: User, django_assert_num_queries: Any
) -> None:
    overview = reverse("adjudication", args=[apart.cast.project.pk])
    item = _url("item", take(apart, clara))
    urls = (overview, _of_queue("adjudication_queue", apart), item)
    few = []
    for url in urls:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        few.append(len(captured))
    queue_set_adjudicate_from(queue=apart.queue, actor=apart.cast.leads[0], levels=1)
    apart.another_queue(*apart.cast.annotators)
    settle(apart, apart.cast.leads[0])
    for url, number in zip(urls, few, strict=True):
        with django_assert_num_queries(number):
            client.get(url)


def test_what_people_write_is_escaped(apart: Desk, client: Client, clara: User) -> None:
    attack = "</textarea><script>alert(1)</script>"
    own = take(apart, clara)
    draft = {**DECIDED, "rationales": {"empathy": attack}}
    services.draft_save(adjudication=own, draft=draft, revision=0)
    for page in (client.get(_url("item", own)), client.get(_url("item", own), headers=HTMX)):
        assert "<script>alert" not in html_of(page)


def test_the_home_page_says_what_waits(apart: Desk, client: Client, clara: User) -> None:
    home = reverse("project_home", args=[apart.cast.project.pk])
    assert "2 items to settle in “First look”" in html_of(client.get(home))
    settle(apart, clara)
    settle(apart, clara)
    assert "to settle" not in html_of(client.get(home))
    client.force_login(apart.cast.annotators[0])
    assert "to settle" not in html_of(client.get(home))


def test_raters_read_what_was_settled_otherwise(apart: Desk, client: Client) -> None:
    settle(apart, apart.cast.clinicians[0])
    settle(apart, apart.cast.clinicians[0], causes={"empathy": "legitimate_difference"})
    ana = apart.cast.annotators[0]
    client.force_login(ana)
    url = reverse("my_ratings", args=[apart.cast.project.pk])
    text = html_of(client.get(url))
    assert text.count("Empathy was settled:") == 2
    assert DECIDED["rationales"]["empathy"] in text and services.ALL_STAND in text
    assert "Asking was settled" not in text
    # Not while the same items wait in another queue.
    apart.another_queue(ana)
    assert "was settled" not in html_of(client.get(url))
