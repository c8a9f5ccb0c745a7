"""What models were asked, opened from the rows that it made, by those who may see it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.generation import work as generation
from annotation.impact.services import Pasted
from annotation.judge_runs import work as judging
from annotation.models import GenerationItem, Queue, QueueRater, Turn
from annotation.ratings.targets import targets_for
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.generation import corpus, endpoint, planned, served, stub
from tests.support.impact import draft_of, tried
from tests.support.judge_runs import judge_run, llm_judge, said, snapshot, texts, version_of
from tests.support.pages import html_of
from tests.support.servers import Stub, answer, serve
from webapp.ids import new_id
from webapp.llm.models import Endpoint, ModelCall


def at(name: str, cast: Cast, *args: Any) -> str:
    return reverse(name, args=[cast.project.pk, *args])


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


@pytest.fixture
def off_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_turn_opens_the_call_that_wrote_it(cast: Cast, lead: Client, off_loop: None) -> None:
    corpus(cast)
    # The first answer is empty: it is asked again, and both calls belong to the turn.
    script = stub(lambda body, count: answer("" if count == 1 else "<b>Hello</b>"))
    with served(cast, script) as voice:
        run = planned(cast, voice, count=1, exchanges=1)
        generation.work(str(run.pk))
    turns = list(Turn.objects.filter(dialogue__generation_item__run=run).order_by("position"))
    page = html_of(lead.get(at("dialogue", cast, turns[0].dialogue_id)))
    links = [f"{at('model_calls', cast)}?made_for={turn.pk}" for turn in turns]
    assert all(link in page for link in links)
    both = lead.get(links[0])
    assert both.status_code == 200 and html_of(both).count("/calls/") >= 2
    opened = html_of(lead.get(links[1], follow=True))
    assert "&lt;b&gt;Hello&lt;/b&gt;" in opened
    assert "You are the supporter of the person below." in opened
    assert f"Dialogue {turns[1].dialogue.number}, turn 2" in opened and f"{run}" in opened
    assert "plain" in opened
    progress = html_of(lead.get(at("generation_run", cast, run.pk)))
    assert f"?run={run.pk}" in progress and "no price set" in progress
    assert lead.get(f"{at('model_calls', cast)}?run={run.pk}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_rating_and_a_failed_text_open_what_the_judge_was_asked(
    cast: Cast, lead: Client, off_loop: None
) -> None:
    turns = texts(cast, 2)

    def reply(body: dict[str, Any], count: int) -> Any:
        return answer("?" if turns[0].text in body["messages"][-1]["content"] else said(c1=3, c2=1))

    with serve(Stub(reply).app) as url:
        judge = llm_judge(cast, endpoint(cast, url), mode="all_in_one")
        run = judge_run(cast, version_of(cast), judge)
        judging.work(str(run.pk))
    page = html_of(lead.get(at("judge_run", cast, run.pk)))
    for item in run.items.all():
        assert f"{at('model_calls', cast)}?made_for={item.judge_call_id}" in page
    good = run.items.get(target__turn=turns[1])
    dialogue = html_of(lead.get(at("dialogue", cast, turns[1].dialogue_id)))
    assert f"?made_for={good.judge_call_id}" in dialogue
    [call] = ModelCall.objects.filter(made_for=good.judge_call_id)
    shown = html_of(lead.get(at("model_call", cast, call.pk)))
    assert "json_schema" in shown and "What the judge" not in shown
    body = lead.get(at("api_call", cast, call.pk)).json()
    assert body["reply"] == said(c1=3, c2=1) and body["form"] == "schema"
    assert body["request"]["messages"][0]["role"] == "system"
    # The text without a score: the form that was not obeyed, and the words after it.
    bad = run.items.get(target__turn=turns[0])
    listed = lead.get(at("api_call_list", cast), {"made_for": str(bad.judge_call_id)}).json()
    assert {row["form"] for row in listed["results"]} == {"schema", "schema in words"}


def call_of(cast: Cast, voice: Endpoint, **fields: Any) -> ModelCall:
    return ModelCall.objects.create(
        project=cast.project, endpoint=voice, request={"messages": []}, **fields
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_who_still_rates_a_text_gets_no_call_about_it(cast: Cast, client: Client) -> None:
    """Neither what a judge gave, nor which emotion the dialogue was written for."""
    turn = texts(cast, 1)[0]
    [target] = targets_for(project=cast.project, turns=[turn.pk])
    version, voice = version_of(cast), endpoint(cast, "http://127.0.0.1:9/v1")
    passed = JudgeCall.objects.create(
        project=cast.project, judge=llm_judge(cast, voice), spec=version.spec,
        context_hash=target.context_hash,
    )  # fmt: skip
    seeker = turn.dialogue.turns.get(role="seeker")
    planned_item = GenerationItem.objects.create(
        project=cast.project, run=_generation(cast, voice), position=99, emotion="lonely",
        situation="s", profile=turn.dialogue.profile, dialogue=turn.dialogue,
    )  # fmt: skip
    copy = tried(cast, draft_of(cast), passed.judge, pasted=Pasted(raw=turn.raw)).items.get().target
    pasted = JudgeCall.objects.create(
        project=cast.project, judge=passed.judge, spec=version.spec,
        context_hash=copy.context_hash,
    )  # fmt: skip
    about = [
        call_of(cast, voice, purpose="judge", made_for=passed.pk),
        call_of(cast, voice, purpose="judge", made_for=pasted.pk),
        call_of(cast, voice, purpose="simulator", made_for=seeker.pk),
        call_of(cast, voice, purpose="simulator", made_for=planned_item.pk),
    ]
    free = call_of(cast, voice, purpose="test")
    reader = cast.leads[1]
    client.force_login(reader)

    def seen() -> set[str]:
        rows = client.get(at("api_call_list", cast)).json()["results"]
        page = html_of(client.get(at("model_calls", cast)))
        found = {row["id"] for row in rows}
        assert all((at("model_call", cast, pk) in page) for pk in found)
        return found

    assert seen() == {str(call.pk) for call in [*about, free]}
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=version, snapshot=snapshot(cast)
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=reader)
    queue.items.create(project=cast.project, position=0, target=target)
    assert seen() == {str(free.pk)}
    for call in about:
        assert client.get(at("model_call", cast, call.pk)).status_code == 404
        assert client.get(at("api_call", cast, call.pk)).status_code == 404
    client.force_login(cast.leads[0])
    assert len(seen()) == 5


def _generation(cast: Cast, voice: Endpoint) -> Any:
    return planned(cast, voice, count=1)


@pytest.mark.django_db
def test_lists_cost_the_same_for_two_and_for_twenty(cast: Cast, lead: Client) -> None:
    voice, run = endpoint(cast, "http://127.0.0.1:9/v1"), new_id()
    urls = [f"{at('model_calls', cast)}?run={run}", at("api_call_list", cast)]
    for url in urls:
        lead.get(url)
    counts = []
    for more in (2, 18):
        for _ in range(more):
            call_of(cast, voice, purpose="judge", run_kind="judging", run_id=run)
        with CaptureQueriesContext(connection) as found:
            for url in urls:
                assert lead.get(url).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_the_address_of_a_list_is_not_trusted(cast: Cast, lead: Client) -> None:
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    good, bad = (
        call_of(cast, voice, purpose="judge"),
        call_of(cast, voice, purpose="judge", error="Bad."),
    )
    for address in ("?run=x&before=1&endpoint=%00", "?made_for=' OR 1=1"):
        assert lead.get(at("model_calls", cast) + address).status_code == 200
    page = html_of(lead.get(at("model_calls", cast) + "?failed=1"))
    assert str(bad.pk) in page and str(good.pk) not in page
    rows = lead.get(at("api_call_list", cast), {"failed": "true"}).json()["results"]
    assert [row["id"] for row in rows] == [str(bad.pk)]


@pytest.mark.django_db
def test_long_lists_have_pages(cast: Cast, lead: Client) -> None:
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    made = [call_of(cast, voice, purpose="judge") for _ in range(60)]
    first = html_of(lead.get(at("model_calls", cast)))
    assert str(made[-1].pk) in first and str(made[0].pk) not in first
    older = html_of(lead.get(f"{at('model_calls', cast)}?before={made[10].pk}"))
    assert str(made[0].pk) in older and str(made[10].pk) not in older
