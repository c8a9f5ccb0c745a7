"""Who sees the attempts at a reply, and how: page, API and the calls behind them."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.corpus.attempts import attempts_of
from annotation.generation import work as generation
from annotation.models import Attempt, Dialogue, GenerationRun, Item, Queue, QueueRater, Target
from annotation.ratings.targets import targets_for, text_target
from annotation.sets.services import freeze
from tests.conftest import Cast
from tests.support.generation import corpus, served
from tests.support.pages import html_of
from tests.support.refinement import refining_run, script
from webapp.accounts.models import User
from webapp.llm.models import Endpoint, ModelCall

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def voice(cast: Cast) -> Iterator[Endpoint]:
    corpus(cast)
    with served(cast, script()) as voice:
        yield voice


@pytest.fixture
def run(cast: Cast, voice: Endpoint) -> GenerationRun:
    run = refining_run(cast, voice, critic_is={}, count=1, exchanges=1)
    generation.work(str(run.pk))
    return run


@pytest.fixture
def dialogue(run: GenerationRun) -> Dialogue:
    return Dialogue.objects.get(generation_item__run=run)


def queue_with(cast: Cast, run: GenerationRun, dialogue: Dialogue, rater: User) -> None:
    """A queue in which this person rates the dialogue's reply."""
    turn = dialogue.turns.get(role="supporter")
    [target] = targets_for(project=cast.project, turns=[turn.pk])
    queue_of(cast, run, target, rater)


def queue_of(cast: Cast, run: GenerationRun, target: Target, rater: User) -> None:
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=run.critic.version,
        snapshot=freeze(collection=run.collection, actor=cast.leads[0]),
    )  # fmt: skip
    QueueRater.objects.create(project=cast.project, queue=queue, user=rater)
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)


def page_of(client: Client, cast: Cast, dialogue: Dialogue) -> str:
    return html_of(client.get(reverse("dialogue", args=[cast.project.pk, dialogue.pk])))


def api_of(client: Client, cast: Cast, dialogue: Dialogue) -> dict:
    url = reverse("api_dialogue_retrieve", args=[cast.project.pk, dialogue.pk])
    return client.get(url).json()


def test_a_dialogue_shows_each_attempt_with_its_verdict_and_what_changed(
    cast: Cast, client: Client, dialogue: Dialogue
) -> None:
    first, second = attempts_of(dialogue)[1]
    assert (first.attempt.verdict, second.attempt.verdict) == ("fail", "pass")
    gone = "".join(piece.text for piece in second.pieces if piece.kind != "new")
    assert gone == first.attempt.text
    assert [(g.name, g.value, g.needed) for g in first.short] == [("Warmth", 2, "at least 3")]
    client.force_login(cast.clinicians[0])
    html = page_of(client, cast, dialogue)
    assert "attempt 2 of at most 6" in html and "Say more than attempt 1." in html
    assert "<del>1</del><ins>2</ins>" in html.replace(" </del>", "</del>").replace("> ", ">")
    assert "needs at least 3" in html and "It is a 2." in html


def test_the_api_tells_the_same_attempts(cast: Cast, client: Client, dialogue: Dialogue) -> None:
    client.force_login(cast.leads[0])
    body = api_of(client, cast, dialogue)
    seeker, supporter = body["turns"]
    assert (seeker["attempts"], body["unfinished"]) == ([], [])
    assert [(a["number"], a["verdict"]) for a in supporter["attempts"]] == [
        (1, "fail"),
        (2, "pass"),
    ]
    assert supporter["attempts"][0]["scores"]["warmth"]["is_short"] is True


def test_attempts_at_a_turn_that_never_passed_are_shown_too(
    cast: Cast, client: Client, voice: Endpoint
) -> None:
    asked = {"thresholds": {"warmth": 5}, "revisions": 1}
    run = refining_run(cast, voice, critic_is=asked, count=1, exchanges=1)
    generation.work(str(run.pk))
    dropped = Dialogue.objects.get(generation_item__run=run)
    client.force_login(cast.leads[0])
    html = page_of(client, cast, dropped)
    assert "Dropped: A reply never passed." in html and "Attempts at turn 2" in html
    assert [a["number"] for a in api_of(client, cast, dropped)["unfinished"]] == [1, 2]


def test_what_is_wrong_with_the_spans_is_said(
    cast: Cast, client: Client, dialogue: Dialogue
) -> None:
    broken = dialogue.attempts.create(
        project=cast.project, position=3, number=1, text="Words.", raw="Words.", seed=1,
        context_hash="x",
    )  # fmt: skip
    client.force_login(cast.leads[0])
    assert "The reply has none of the four spans." in page_of(client, cast, dialogue)
    (told,) = api_of(client, cast, dialogue)["unfinished"]
    assert (told["id"], told["problems"]) == (
        str(broken.pk),
        ["The reply has none of the four spans."],
    )


@pytest.mark.slow
def test_whoever_still_has_to_rate_a_reply_sees_no_attempt_and_no_call_about_it(
    cast: Cast, client: Client, run: GenerationRun, dialogue: Dialogue
) -> None:
    blind, other = cast.leads
    queue_with(cast, run, dialogue, blind)
    calls = ModelCall.objects.filter(run_id=run.pk)
    for person, sees in ((blind, False), (other, True)):
        client.force_login(person)
        assert ("Say more than attempt 1." in page_of(client, cast, dialogue)) == sees
        body = api_of(client, cast, dialogue)
        assert bool(body["turns"][1]["attempts"]) == sees
        listed = client.get(reverse("model_calls", args=[cast.project.pk]), {"run": run.pk})
        shown = [str(call.pk) in html_of(listed) for call in calls]
        assert len(shown) == 6 and all(seen == sees for seen in shown)


@pytest.mark.slow
def test_an_attempt_that_says_a_text_to_rate_elsewhere_tells_nothing_either(
    cast: Cast, client: Client, run: GenerationRun, dialogue: Dialogue
) -> None:
    attempt = Attempt.objects.get(number=1)
    again = text_target(
        project=cast.project, profile="", situation="Elsewhere.", history=[],
        raw=attempt.raw.replace(" ", "\u00a0 "),
    )  # fmt: skip
    assert again.normal_hash == attempt.normal_hash
    queue_of(cast, run, again, cast.leads[0])
    client.force_login(cast.leads[0])
    assert "Say more than attempt 1." not in page_of(client, cast, dialogue)
    assert api_of(client, cast, dialogue)["turns"][1]["attempts"] == []
    made_for = {"made_for": attempt.judge_call_id}
    calls = client.get(reverse("api_call_list", args=[cast.project.pk]), made_for).json()
    assert calls["results"] == []


def test_a_call_about_an_attempt_leads_to_its_turn(
    cast: Cast, client: Client, dialogue: Dialogue
) -> None:
    client.force_login(cast.leads[0])
    attempt = Attempt.objects.get(number=1)
    url = f"{reverse('dialogue', args=[cast.project.pk, dialogue.pk])}#turn-1"
    for made_for in (attempt.pk, attempt.judge_call_id):
        for call in ModelCall.objects.filter(made_for=made_for):
            page = client.get(reverse("model_call", args=[cast.project.pk, call.pk]))
            assert url in html_of(page)


@pytest.mark.slow
def test_the_page_asks_as_many_queries_for_many_attempts(
    cast: Cast, client: Client, voice: Endpoint
) -> None:
    client.force_login(cast.leads[0])
    counts = []
    for exchanges in (1, 4):
        run = refining_run(cast, voice, critic_is={}, count=1, exchanges=exchanges)
        generation.work(str(run.pk))
        made = Dialogue.objects.get(generation_item__run=run)
        page_of(client, cast, made)
        with CaptureQueriesContext(connection) as found:
            page_of(client, cast, made)
        counts.append(len(found))
    assert counts[0] == counts[1]
