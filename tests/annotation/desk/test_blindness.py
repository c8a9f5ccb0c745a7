"""Whoever rates sees nothing of the others before the own submit (DECISIONS 10)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.desk import services as desk
from annotation.models import Assignment, Target
from annotation.queues import services as queues
from annotation.queues.waiting import waiting_queues
from annotation.ratings import services as ratings
from annotation.ratings.blindness import hidden_targets, is_hidden
from annotation.ratings.services import NewScore
from annotation.ratings.targets import text_target
from rubrics.models import Judge
from tests.support.desk import FULL, Desk, own
from tests.support.pages import html_of
from webapp.accounts.models import User
from webapp.errors import Refused
from webapp.llm.models import Endpoint

SECRET = "BEN-SAYS-SO"
JUDGED = "THE-JUDGE-SAYS"


@pytest.fixture
def rated(at_desk: Desk) -> Desk:
    """Ben has rated and flagged the first item, and a judge has scored it."""
    ben = at_desk.cast.annotators[1]
    held = at_desk.claim(ben)
    desk.flag(assignment=held, actor=ben, reason=f"{SECRET} flagged")
    draft = FULL | {"rationales": {"empathy": f"{SECRET} because"}}
    desk.submit(assignment=held, draft=draft, active_seconds=9)
    target = held.item.target
    ratings.submit_rating(
        target=target,
        spec=at_desk.version.spec,  # type: ignore[arg-type]
        rater=ratings.rater_for_judge(judge=_judge(at_desk)),
        purpose="judge",
        scores=[NewScore("empathy", 1, rationale=JUDGED)],
    )
    return at_desk


def _judge(at_desk: Desk) -> Judge:
    project = at_desk.cast.project
    endpoint = Endpoint.objects.create(
        project=project, name="E", base_url="http://127.0.0.1:9/v1", model="m"
    )
    return Judge.objects.create(
        project=project, name="Strict", version=1, kind="llm", endpoint=endpoint, hash="h"
    )


def _surely_submitted() -> None:
    """The minute in which a submit can be taken back is over."""
    before = timezone.now() - timedelta(minutes=2)
    Assignment.objects.filter(state="submitted").update(submitted_at=before)


def _all_pages(client: Client, at_desk: Desk, user: User) -> Iterator[tuple[str, str]]:
    """Every page and API answer that could tell of ratings, as this person gets it."""
    project, dialogue = at_desk.cast.project.pk, at_desk.dialogues[0].pk
    client.force_login(user)
    urls = [
        reverse("desk", args=[project]),
        reverse("my_ratings", args=[project]),
        reverse("project_home", args=[project]),
        reverse("dialogue", args=[project, dialogue]),
        reverse("dialogues", args=[project]),
        reverse("agreement", args=[project]),
        reverse("queue", args=[project, at_desk.queue.pk]),
        reverse("api_desk_list", args=[project]),
        reverse("api_concern_list", args=[project]),
        reverse("api_desk_ratings", args=[project]),
        reverse("api_queue_retrieve", args=[project, at_desk.queue.pk]),
        reverse("api_agreement_retrieve", args=[project, at_desk.version.pk]),
        reverse("api_dialogue_retrieve", args=[project, dialogue]),
    ]
    held = at_desk.claim(user)
    urls += [reverse(name, args=[project, held.pk]) for name in ("desk_item", "api_desk_item")]
    for url in urls:
        answer = client.get(url)
        assert answer.status_code in (200, 403), url
        yield url, html_of(answer)
    url = reverse("api_desk_next", args=[project, at_desk.queue.pk])
    yield url, html_of(client.post(url))


@pytest.mark.slow
@pytest.mark.parametrize("who", ["annotator", "lead who annotates"])
def test_no_page_and_no_answer_tells_a_rater_of_the_others(
    rated: Desk, client: Client, who: str
) -> None:
    user = rated.cast.annotators[0] if who == "annotator" else rated.cast.leads[1]
    for url, text in _all_pages(client, rated, user):
        assert SECRET not in text, url
        assert JUDGED not in text, url


def test_a_lead_outside_of_the_queue_sees_them(rated: Desk, client: Client) -> None:
    client.force_login(rated.cast.leads[0])
    project = rated.cast.project.pk
    page = html_of(client.get(reverse("queue", args=[project, rated.queue.pk])))
    assert f"{SECRET} flagged" in page
    page = client.get(reverse("dialogue", args=[project, rated.dialogues[0].pk]))
    assert f"{SECRET} because" in html_of(page)


def test_the_queue_page_says_what_it_leaves_out(rated: Desk, client: Client) -> None:
    client.force_login(rated.cast.leads[1])
    page = client.get(reverse("queue", args=[rated.cast.project.pk, rated.queue.pk]))
    text = html_of(page)
    assert "1 hidden until you have rated the item yourself" in text
    # How far the others are may be known; what they gave may not.
    assert "Ben Annotator" in text


def test_agreement_leaves_out_what_its_reader_has_yet_to_rate(rated: Desk, client: Client) -> None:
    blind, seeing = rated.cast.leads[1], rated.cast.leads[0]
    project, version = rated.cast.project.pk, rated.version.pk
    url = reverse("api_agreement_retrieve", args=[project, version])
    client.force_login(seeing)
    assert client.get(url).json()["items"] == 1
    client.force_login(blind)
    answer = client.get(url).json()
    assert (answer["items"], answer["hidden"], answer["others"]) == (0, 1, [])
    page = html_of(client.get(reverse("agreement", args=[project])))
    assert "1 item is hidden on this page." in page
    assert "Strict" not in page

    rated.rate(blind)
    # For a minute the submit can be taken back: eyes stay closed until it can't.
    assert client.get(url).json()["items"] == 0
    _surely_submitted()
    answer = client.get(url).json()
    assert (answer["items"], answer["hidden"]) == (1, 0)
    assert answer["people"][0]["raters"] == 2


def test_who_is_blind_to_what(rated: Desk) -> None:
    project = rated.cast.project
    ana, ben, _ = rated.cast.annotators
    target = rated.queue.items.first().target  # type: ignore[union-attr]

    def hidden(user: User) -> int:
        return hidden_targets(user, project).count()

    assert (hidden(ana), hidden(ben), hidden(rated.cast.leads[0])) == (6, 6, 0)
    assert is_hidden(ana, target)
    _surely_submitted()
    assert hidden(ben) == 5
    assert not is_hidden(ben, target)
    # A skipped item is not rated.
    desk.skip(assignment=rated.claim(ana), actor=ana)
    assert hidden(ana) == 6
    queues.queue_close(queue=rated.queue, actor=rated.cast.leads[0])
    assert hidden(ana) == 0


def test_an_undone_rating_closes_the_eyes_again(rated: Desk, monkeypatch: Any) -> None:
    ana = rated.cast.annotators[0]
    done = rated.rate(ana)
    desk.undo(assignment=done, actor=ana)
    assert is_hidden(ana, done.item.target)


def test_a_second_queue_hides_what_the_first_has_shown(rated: Desk) -> None:
    ana = rated.cast.annotators[0]
    rated.rate(ana)
    _surely_submitted()
    assert hidden_targets(ana, rated.cast.project).count() == 5
    rated.another_queue(ana)
    target = rated.queue.items.first().target  # type: ignore[union-attr]
    assert is_hidden(ana, target)


# ---- who could look, and came back


def _rate_all_but_last(at_desk: Desk, user: User) -> None:
    for _ in range(5):
        at_desk.rate(user)


def test_a_lead_who_left_gets_no_item_that_others_rated_meanwhile(at_desk: Desk) -> None:
    lead, other = at_desk.cast.leads[1], at_desk.cast.leads[0]
    ben = at_desk.cast.annotators[1]
    held = at_desk.claim(lead)
    staying = list(at_desk.cast.annotators)
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=staying)
    _rate_all_but_last(at_desk, ben)
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=[*staying, lead])
    # The one that nobody rated is left, and the page counts the same as the desk gives out.
    member = at_desk.cast.member(lead)
    assert (waiting_queues(member)[0].left, waiting_queues(member)[0].free) == (1, 1)
    claimed = at_desk.claim(lead)
    assert claimed.item.position == 5
    with pytest.raises(Refused, match="could have seen") as refusal:
        desk.submit(assignment=own(held), draft=FULL)
    assert refusal.value.code == "read"
    assert own(held).draft["scores"] == FULL["scores"]
    # Who reads no ratings comes back to what was there.
    ana = at_desk.cast.annotators[0]
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=staying[1:])
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=staying)
    assert at_desk.claim(ana).item.position == 0


def test_a_queue_that_was_closed_was_open_to_read(at_desk: Desk) -> None:
    lead, other = at_desk.cast.leads[1], at_desk.cast.leads[0]
    held = at_desk.claim(lead)
    at_desk.rate(at_desk.cast.annotators[1])
    queues.queue_close(queue=at_desk.queue, actor=other)
    queues.queue_open(queue=at_desk.queue, actor=other)
    assert at_desk.claim(lead).item.position == 1
    with pytest.raises(Refused, match="could have seen"):
        desk.submit(assignment=own(held), draft=FULL)
    # What others give from now on is hidden as ever, and takes nothing away.
    own_item = at_desk.claim(lead)
    at_desk.rate(at_desk.cast.annotators[1])
    assert desk.submit(assignment=own_item, draft=FULL).rating is not None


def _judge_scores(at_desk: Desk, target: Target) -> None:
    ratings.submit_rating(
        target=target,
        spec=at_desk.version.spec,  # type: ignore[arg-type]
        rater=ratings.rater_for_judge(judge=_judge(at_desk)),
        purpose="judge",
        scores=[NewScore("empathy", 1, rationale=JUDGED)],
    )


def _leave_and_come_back(at_desk: Desk, lead: User, meanwhile: Callable[[], None]) -> None:
    staying, other = list(at_desk.cast.annotators), at_desk.cast.leads[0]
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=staying)
    meanwhile()
    queues.queue_set_raters(queue=at_desk.queue, actor=other, raters=[*staying, lead])


def test_a_lead_who_left_gets_no_item_that_a_judge_scored_meanwhile(at_desk: Desk) -> None:
    lead = at_desk.cast.leads[1]
    held = at_desk.claim(lead)
    _leave_and_come_back(at_desk, lead, lambda: _judge_scores(at_desk, held.item.target))
    with pytest.raises(Refused, match="could have seen"):
        desk.submit(assignment=own(held), draft=FULL)
    [waiting] = waiting_queues(at_desk.cast.member(lead))
    assert (waiting.left, waiting.free) == (5, 5)
    assert at_desk.claim(lead).item.position == 1
    # Who reads no scores has read none.
    ana = at_desk.cast.annotators[0]
    assert at_desk.claim(ana).item.position == 0


def test_a_score_of_a_text_that_says_the_same_counts_as_read(at_desk: Desk) -> None:
    """In another dialogue, and with other spaces and another end."""
    lead, project = at_desk.cast.leads[1], at_desk.cast.project
    first = at_desk.dialogues[0].turns.filter(role="supporter").first()
    assert first is not None
    again = first.raw.replace(" ", "\u00a0 ").replace("?</response>", " …</response>")

    def score() -> None:
        _judge_scores(
            at_desk,
            text_target(project=project, profile="", situation="Elsewhere.", history=[], raw=again),
        )

    _leave_and_come_back(at_desk, lead, score)
    assert at_desk.claim(lead).item.position == 1


def test_what_a_judge_scores_from_now_on_takes_nothing_away(at_desk: Desk) -> None:
    lead = at_desk.cast.leads[1]
    _leave_and_come_back(at_desk, lead, lambda: None)
    held = at_desk.claim(lead)
    _judge_scores(at_desk, held.item.target)
    assert desk.submit(assignment=own(held), draft=FULL).rating is not None
