"""The pages of the playground: what is refused, and who sees what."""

from typing import Any

import pytest
from django.test import Client

from annotation.impact import services
from annotation.impact.results import playground_state
from annotation.models import Item, PlaygroundRun, Queue, QueueRater, Target, Turn
from annotation.ratings.targets import targets_for
from rubrics.models import RubricVersion, Spec
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.impact import draft_of, one_turn, tried
from tests.support.judge_runs import llm_judge, snapshot, texts
from tests.support.pages import html_of
from tests.support.playground import shown, state_of, worked
from webapp.accounts.models import Membership
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.clinicians[0])
    return client


def url(cast: Cast, draft: RubricVersion) -> str:
    return f"/p/{cast.project.pk}/rubrics/versions/{draft.pk}/playground/"


# What is refused


@pytest.mark.parametrize("raw", ["   ", "\n\t "])
def test_an_empty_paste(cast: Cast, voice: Endpoint, client: Client, raw: str) -> None:
    draft = draft_of(cast)
    found = post(client, cast, draft, judge=llm_judge(cast, voice).pk, text=raw)
    assert found.status_code == 409 and "The reply is empty." in html_of(found)
    assert not PlaygroundRun.objects.exists() and not Target.objects.exists()


def test_no_text_at_all(cast: Cast, voice: Endpoint, client: Client) -> None:
    found = post(client, cast, draft_of(cast), judge=llm_judge(cast, voice).pk)
    assert found.status_code == 409 and "Choose a text from the project" in html_of(found)
    assert found["HX-Retarget"] == "#playground-refused"


def test_a_huge_paste(cast: Cast, voice: Endpoint, client: Client) -> None:
    draft = draft_of(cast)
    found = post(client, cast, draft, judge=llm_judge(cast, voice).pk, text="long " * 5_000)
    assert found.status_code == 409
    assert "At most 20,000 characters can be scored at once; this has 25,000." in html_of(found)
    assert not Target.objects.exists() and Spec.objects.count() == 1


def test_characters_that_no_database_keeps(cast: Cast, voice: Endpoint) -> None:
    pasted = services.Pasted(raw="Zero \0 and half \ud83d.")
    run = worked(tried(cast, draft_of(cast), llm_judge(cast, voice), pasted=pasted))
    assert run.status == "succeeded"


def test_a_judge_of_another_project(cast: Cast, client: Client) -> None:
    found = post(client, cast, draft_of(cast), judge=new_id(), text="Well.")
    assert found.status_code == 400 and "Choose a judge." in html_of(found)


def test_a_turn_of_another_project(cast: Cast, voice: Endpoint, client: Client) -> None:
    other = added(cast.other_project, parsed(1))[0]
    turn = Turn.objects.filter(dialogue=other, role="supporter").first()
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    for fields in ({"turns": [turn.pk]}, {"text": "Well.", "after": turn.pk}):
        found = post(client, cast, draft, judge=judge.pk, **fields)
        assert found.status_code == 409 and "not in this project" in html_of(found)


def test_twice_at_once_is_one_try(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    for _ in range(2):
        found = post(client, cast, draft, judge=judge.pk, turns=[turn.pk], key="one")
        assert found.status_code == 200 and "/live/playground/" in html_of(found)
    assert PlaygroundRun.objects.count() == 1


@pytest.mark.slow
def test_a_storm_of_clicks_fills_no_queue(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    found = [post(client, cast, draft, judge=judge.pk, turns=[turn.pk]) for _ in range(6)]
    assert [each.status_code for each in found] == [200] * 2 + [429] * 4
    assert "Your last trials are still being scored" in html_of(found[-1])
    assert PlaygroundRun.objects.count() == services.MAX_OPEN_TRIES
    # Another person, and oneself once they are scored, may.
    colleague = Client()
    colleague.force_login(cast.clinicians[1])
    assert post(colleague, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200
    for run in PlaygroundRun.objects.all():
        worked(run)
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200


def test_whoever_loses_the_role_sees_and_tries_no_more(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200
    run = PlaygroundRun.objects.get()
    Membership.objects.filter(user=cast.clinicians[0]).update(role="annotator")
    worked(run)
    assert client.get(f"/p/{cast.project.pk}/rubrics/playground/{run.pk}/").status_code == 403
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 403
    assert client.get(url(cast, draft)).status_code == 403


# Blindness, records


def test_what_one_still_rates_is_neither_offered_nor_scored_nor_shown(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    run = worked(tried(cast, draft, judge, [turn]))
    queue = Queue.objects.create(
        project=cast.project,
        number=1,
        name="Q",
        version=RubricVersion.objects.get(rubric=draft.rubric, number=1),
        snapshot=snapshot(cast),
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.clinicians[0])
    target = targets_for(project=cast.project, turns=[turn.pk])[0]
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)
    with pytest.raises(Refused, match="You still have to rate"):
        tried(cast, draft, judge, [turn])
    # Pasted it is the same text, in its place or on its own.
    for pasted in (
        services.Pasted(raw=turn.raw, after=turn.pk),
        services.Pasted(raw=turn.raw),
        services.Pasted(raw=f" {turn.text}\n"),
    ):
        with pytest.raises(Refused, match="You still have to rate"):
            tried(cast, draft, judge, pasted=pasted)
    by_colleague = services.playground_start(
        version=draft,
        actor=cast.clinicians[1],
        key=new_id().hex,
        judge=judge,
        pasted=services.Pasted(raw=turn.raw),
    )
    assert state_of(cast, worked(by_colleague)).scoring.hidden == 1
    state = state_of(cast, run)
    assert state.rows == [] and state.scoring.hidden == 1
    assert "left out" in shown(cast, run) and "Get over it." not in shown(cast, run)
    picks = client.get(f"{url(cast, draft)}texts/", {"q": "Get over"}).content
    assert b"No texts match." in picks
    # A colleague without a place in the queue sees them.
    colleague = playground_state(run, cast.member(cast.clinicians[1]))
    assert len(colleague.rows) == 1


# The page


def test_the_picker_finds_words_and_numbers(cast: Cast, client: Client) -> None:
    turns = texts(cast, 24)
    draft = draft_of(cast)
    found = html_of(client.get(f"{url(cast, draft)}texts/", {"q": "get OVER"}))
    assert found.count("data-pk=") == 4 and "After: Night" in found
    number = turns[3].dialogue.number
    found = html_of(client.get(f"{url(cast, draft)}texts/", {"q": str(number)}))
    assert found.count("data-pk=") == 1 and str(turns[3].pk) in found
    assert html_of(client.get(f"{url(cast, draft)}texts/")).count("data-pk=") == 12


def test_the_pane_without_a_judge_says_what_to_do(cast: Cast, client: Client) -> None:
    page = client.get(url(cast, draft_of(cast))).content
    assert b"No judges yet" in page and b"See the judges" in page


def test_the_pane_shows_the_last_try(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = draft_of(cast)
    judge = llm_judge(cast, voice)
    assert "Scores appear here" in html_of(client.get(url(cast, draft)))
    run = worked(tried(cast, draft, judge, [turn]))
    page = html_of(client.get(url(cast, draft)))
    assert str(run.pk) in page and "ws-connect" not in page
    # Others have tries of their own.
    colleague = Client()
    colleague.force_login(cast.clinicians[1])
    assert str(run.pk) not in html_of(colleague.get(url(cast, draft)))


def test_before_the_scores_there_are_rows_to_wait_for(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = draft_of(cast)
    page = post(client, cast, draft, judge=llm_judge(cast, voice).pk, turns=[turn.pk])
    content = html_of(page)
    assert content.count("Not scored yet") == 3 and "Queued" in content


def test_the_home_page_lists_previews_and_no_tries(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    from webapp.home.queries import runs_of

    turn = one_turn(cast, "Get over it.")
    worked(tried(cast, draft_of(cast), llm_judge(cast, voice), [turn]))
    assert runs_of(cast.member(cast.clinicians[0])) == []


def post(client: Client, cast: Cast, draft: RubricVersion, **fields: Any) -> Any:
    return client.post(
        url(cast, draft),
        {"key": new_id().hex, "text": "", "history": "", "situation": ""} | fields,
        headers={"HX-Request": "true"},
    )
