"""The pages of those who judge pairs, and their htmx updates."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from annotation.comparisons import judging, services
from annotation.models import PairJudgement
from tests.support.comparisons import Judged, build_comparison
from tests.support.pages import html_of
from webapp.accounts.models import User

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(judged: Judged, client: Client) -> User:
    client.force_login(judged.cast.annotators[0])
    return judged.cast.annotators[0]


def _next(client: Client, judged: Judged, **options: Any) -> HttpResponse:
    url = reverse("pair_next", args=[judged.cast.project.pk, judged.comparison.pk])
    return client.post(url, **options)


def _url(action: str, held: PairJudgement) -> str:
    return reverse(f"pair_{action}", args=[held.project_id, held.pk])


def _judge(client: Client, held: PairJudgement, choice: str, **options: Any) -> HttpResponse:
    return client.post(_url("judge", held), {"choice": choice, "active_seconds": "4"}, **options)


def test_the_desk_and_the_first_page_list_comparisons(
    judged: Judged, client: Client, ana: User
) -> None:
    project = judged.cast.project.pk
    page = html_of(client.get(reverse("desk", args=[project])))
    assert "Warm or cold" in page and "of 3 judged" in page and "Start" in page
    assert "You have no queues yet" not in page
    judged.judge(ana, "first")
    assert "Go on" in html_of(client.get(reverse("desk", args=[project])))
    home = html_of(client.get(reverse("project_home", args=[project])))
    assert "2 pairs to judge in “Warm or cold”" in home
    services.comparison_close(comparison=judged.comparison, actor=judged.cast.leads[0])
    assert "You have no queues yet" in html_of(client.get(reverse("desk", args=[project])))


def test_a_pair_shows_both_replies_and_nothing_of_who_wrote_them(
    judged: Judged, client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging.secrets, "randbits", lambda _: 0)
    page = html_of(_next(client, judged, follow=True))
    for words in (
        "Which reply would help the seeker more?", "Situation 1", "Profile 1", "Night 1, thought 0",
        "Night 1, thought 1", "Stay close.", "0</dd>", "of 3</dt>",
    ):  # fmt: skip
        assert words in page, words
    a, _, b = page.partition('id="reply-b"')
    assert "Cold words 0" in a and "Warm words 0" in b
    # The corpus's own reply in this place, and what came later, are not shown.
    assert page.count("The kitchen") == 1


def test_a_choice_leads_to_the_next_pair_and_can_be_taken_back(
    judged: Judged, client: Client, ana: User
) -> None:
    _next(client, judged)
    held = PairJudgement.objects.get()
    answer = _judge(client, held, "a", headers=HTMX)
    assert "Pair 2" in html_of(answer) and "<html" not in html_of(answer)
    said = json.loads(answer["HX-Trigger"])["pair:judged"]
    assert said == {"message": "Pair 1 is judged."}
    assert _url("undo", held) in html_of(answer)
    assert answer["HX-Push-Url"].endswith(f"/desk/pairs/{judged.claim(ana).pk}/")
    held.refresh_from_db()
    assert (held.choice, held.active_seconds) == ("a", 4)
    # The same again, as from a window whose answer was lost.
    assert "Pair 2" in html_of(_judge(client, held, "a", headers=HTMX))
    answer = _judge(client, held, "b", headers=HTMX)
    assert "You have already judged this pair. Your answer was: Reply A." in html_of(answer)
    assert "HX-Trigger" not in answer
    answer = client.post(_url("undo", held), headers=HTMX)
    assert "Pair 1" in html_of(answer)
    held.refresh_from_db()
    assert (held.state, held.choice) == ("reserved", "")


def test_it_works_without_scripts(judged: Judged, client: Client, ana: User) -> None:
    _next(client, judged)
    held = PairJudgement.objects.get()
    page = html_of(_judge(client, held, "tie", follow=True))
    assert "<html" in page and "Pair 2" in page
    assert client.get(reverse("pair", args=[held.project_id, held.pk])).status_code == 302
    page = html_of(client.post(_url("undo", held), follow=True))
    assert "<html" in page and "Pair 1" in page
    for wrong in ("", "c"):
        page = html_of(_judge(client, held, wrong, follow=True))
        assert "Choose reply A, reply B or a tie." in page
    page = html_of(
        client.post(_url("judge", held), {"choice": "a", "active_seconds": "x"}, follow=True)
    )
    assert "must be a number of seconds" in page


def test_what_happens_at_the_end_and_when_others_hold_the_last(
    judged: Judged, client: Client, ana: User
) -> None:
    held = judged.claim(judged.cast.annotators[1])
    for _ in range(2):
        judged.judge(ana, "tie")
    page = html_of(_next(client, judged))
    assert "No pairs are free right now" in page and "Check again" in page
    judging.judge(judgement=held, choice="a")
    page = html_of(_next(client, judged))
    assert "You have finished Warm or cold" in page
    assert "You judged 2 pairs." in page
    assert "Take back the last judgement" in page
    other = build_comparison(judged.cast, pairs=1, name="Another", first=50)
    assert "Go on with Another" in html_of(_next(client, judged))
    services.comparison_close(comparison=other.comparison, actor=judged.cast.leads[0])


def test_a_lost_lease_is_said_and_the_next_pair_comes(
    judged: Judged, client: Client, ana: User
) -> None:
    held = judged.claim(ana)
    PairJudgement.objects.update(leased_until=held.created_at)
    judged.judge(judged.cast.annotators[1], "first")
    page = html_of(_judge(client, held, "a", follow=True))
    assert "somebody else is judging it now" in page and "Pair 2" in page
    assert not PairJudgement.objects.filter(rater__user=ana, state="submitted").exists()


def test_a_closed_comparison_says_so(judged: Judged, client: Client, ana: User) -> None:
    held = judged.claim(ana)
    services.comparison_close(comparison=judged.comparison, actor=judged.cast.leads[0])
    page = html_of(_judge(client, held, "a"))
    assert "The comparison was closed, so this judgement was not submitted." in page
    assert "Back to the desk" in page


def test_nobody_elses_judgement(judged: Judged, client: Client, ana: User) -> None:
    held = judged.claim(judged.cast.annotators[1])
    assert client.get(reverse("pair", args=[held.project_id, held.pk])).status_code == 404
    assert _judge(client, held, "a").status_code == 404
    assert client.post(_url("undo", held)).status_code == 404


def test_user_text_is_never_markup(judged: Judged, client: Client, ana: User) -> None:
    judged.comparison.name = judged.comparison.question = "<script>alert(1)</script>"
    judged.comparison.save()
    for page in (
        _next(client, judged, follow=True),
        client.get(reverse("desk", args=[judged.cast.project.pk])),
    ):
        assert "<script>alert" not in html_of(page)
