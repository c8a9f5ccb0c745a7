"""Judge runs with a scripted endpoint: what does not parse is an error and never a score."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.judge_runs import work as judging
from annotation.models import JudgeItem, Rating, Score
from annotation.queues.services import queue_create
from rubrics.judges import opening as judges
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.generation import endpoint
from tests.support.judge_runs import judge_run, llm_judge, said, seen, snapshot, texts, version_of
from tests.support.pages import html_of
from tests.support.runs import work_past_waits
from tests.support.servers import Stub, answer, refusal, serve
from webapp.accounts.models import User
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = said(c1=3, c2=1)
BROKEN = {
    "nonsense": "As a language model I like this very much. 5/5!",
    "half JSON": GOOD[: len(GOOD) // 2],
    "above the scale": said(c1=9, c2=1),
    "between levels": said(c1=2.5, c2=1),
    "a level as text": said(c1="3", c2=1),
    "true for one": said(c1=3, c2=True),
    "a criterion missing": said(c1=3),
    "empty": "",
    "two objects": GOOD + GOOD,
    "a list": f"[{GOOD}]",
    "words around a fence": f"Sure:\n```json\n{GOOD}\n```",
    "NaN": GOOD.replace('"score": 3', '"score": NaN'),
}


@pytest.fixture
def script() -> Stub:
    return Stub(lambda body, count: answer(GOOD))


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(judges, "open_client", partial(open_client, retries=0, cooldown_s=0.05))
    with serve(script.app) as url:
        yield endpoint(cast, url)


def replies(script: Stub, reply: Callable[[str], Any]) -> None:
    """Let the script answer by what it is asked to judge."""
    script.reply = lambda body, count: reply(body["messages"][-1]["content"])


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_a_reply_that_does_not_parse_is_an_error_and_no_score(
    cast: Cast, script: Stub, voice: Endpoint, reply: str
) -> None:
    turns = texts(cast, 3)
    replies(script, lambda asked: answer(reply if turns[1].text in asked else GOOD))
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded"
    broken = run.items.get(target__turn=turns[1])
    assert broken.state == JudgeItem.State.FAILED
    assert broken.error and broken.rating is None
    assert not Rating.objects.filter(target__turn=turns[1]).exists()
    assert Score.objects.filter(status="failed").count() == 0
    assert run.items.filter(state=JudgeItem.State.DONE).count() == 2
    calls = JudgeCall.objects.filter(run_id=run.pk)
    assert calls.exclude(error="").count() == 1
    # What the model said stays to be looked at.
    call = calls.exclude(error="").get()
    assert broken.judge_call == call
    # The form that a server may not know is tried first; the last request gave the reply.
    kept = ModelCall.objects.filter(made_for=call.pk).order_by("pk").last()
    assert kept is not None and kept.reply == reply and kept.error
    state = seen(cast, run)
    assert (state.failed, state.scored) == (1, 2)
    assert sum(column.n for column in state.columns) == 4


def test_what_is_too_long_for_the_model_is_judged_by_its_end_and_the_call_says_so(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    added(cast.project, parsed(1, pairs=2))
    refused = refusal(400, "maximum context length is 64 tokens", code="context_length_exceeded")
    replies(
        script,
        lambda asked: refused if "thought 0" in asked and "thought 1" in asked else answer(GOOD),
    )
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded", run.error
    items = run.items.select_related("judge_call").order_by("target__turn__position")
    assert [(item.state, item.judge_call.cut) for item in items] == [("done", 0), ("done", 1)]
    # One that was refused, and one that was answered.
    asked = ModelCall.objects.filter(made_for=items[1].judge_call_id).order_by("pk")
    assert [bool(call.error) for call in asked] == [True, False]


def test_characters_that_no_database_keeps_are_replaced(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    texts(cast, 1)
    odd = GOOD.replace("Because.", "Be\\u0000cause \\ud800.")
    script.reply = lambda body, count: answer(odd)
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert "Be\ufffdcause \ufffd." in Score.objects.values_list("rationale", flat=True)


def test_asking_again_judges_only_what_failed(cast: Cast, script: Stub, voice: Endpoint) -> None:
    turns = texts(cast, 4)
    replies(script, lambda asked: answer("?" if turns[0].text in asked else GOOD))
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    script.reply = lambda body, count: answer(GOOD)
    script.bodies.clear()
    run.refresh_from_db()
    runs.resume(run, actor=cast.leads[0])
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 2)
    assert len(script.bodies) == 1
    assert run.items.filter(state=JudgeItem.State.DONE).count() == 4
    assert Rating.objects.count() == 4


def test_texts_that_the_model_refuses_fail_alone_and_the_run_says_how_many(
    cast: Cast, script: Stub, voice: Endpoint, client: Client
) -> None:
    """One request at a time: the refusals come in a row, and no pause of the endpoint follows."""
    turns = texts(cast, 8)
    voice.max_concurrency = 1
    voice.save()
    no = answer(
        message={"role": "assistant", "content": None, "refusal": "I can't help with that."}
    )
    refused = {turn.text for turn in turns[:6]}
    replies(script, lambda asked: no if any(text in asked for text in refused) else answer(GOOD))
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded"
    failed = run.items.filter(state=JudgeItem.State.FAILED)
    assert {item.target.turn.text for item in failed} == refused
    assert all("The model refuses to answer: I can't help" in item.error for item in failed)
    client.force_login(cast.leads[0])
    for address in ("judge_run", "judging"):
        args = [cast.project.pk, run.pk] if address == "judge_run" else [cast.project.pk]
        assert "Finished, 6 of 8 failed" in html_of(client.get(reverse(address, args=args)))
    found = html_of(client.get(reverse("judge_run", args=[cast.project.pk, run.pk])))
    assert "6 of 8 texts have no score." in " ".join(found.split())
    home = html_of(client.get(reverse("project_home", args=[cast.project.pk])))
    assert "Finished, some failed" in home


def test_one_criterion_at_a_time_asks_for_each(cast: Cast, script: Stub, voice: Endpoint) -> None:
    texts(cast, 2)
    script.reply = lambda body, count: answer(said(c1=1))
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice))
    judging.work(str(run.pk))
    assert len(script.bodies) == 4
    assert Score.objects.filter(status="scored", value=1, criterion_uid="asks").count() == 2


@pytest.mark.slow
def test_an_endpoint_that_goes_away_fails_the_run_and_keeps_what_it_gave(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    texts(cast, 24)
    script.reply = lambda body, count: answer(GOOD) if count <= 8 else refusal(500, "out of memory")
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    work_past_waits(judging.work, run)
    assert run.status == "failed"
    assert "keeps failing" in run.error and "out of memory" in run.error
    assert run.items.filter(state=JudgeItem.State.DONE).count() == 8
    script.reply = lambda body, count: answer(GOOD)
    runs.resume(run, actor=cast.leads[0])
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", "")
    assert run.items.filter(state=JudgeItem.State.DONE).count() == 24


def test_a_judge_whose_answers_give_no_score_fails_the_run(
    cast: Cast, script: Stub, voice: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GIVE_UP_AFTER", 8)
    texts(cast, 24)
    script.reply = lambda body, count: answer("I would rather not say.")
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "texts in a row got no score" in run.error
    assert not Rating.objects.exists()


@pytest.mark.parametrize("limit", [2, 32])
@pytest.mark.parametrize("bad", [answer(said(c1="planted", c2=1)), refusal(400, "planted")])
def test_a_reason_about_a_text_is_not_in_the_error_of_the_run(
    cast: Cast,
    client: Client,
    script: Stub,
    voice: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    bad: Any,
) -> None:
    """The second lead still rates the texts, and may open the run."""
    monkeypatch.setattr(judging, "GIVE_UP_AFTER", limit)
    texts(cast, 2)
    script.reply = lambda body, count: bad
    run = judge_run(
        cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"), snapshot(cast)
    )
    seeing, blind = cast.leads
    queue_create(
        project=cast.project,
        actor=seeing,
        name="Blind",
        snapshot=run.snapshot,
        version=run.version,
        raters=[blind],
        overlap=1,
    )
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "planted" not in run.error
    counted = "2 texts in a row got no score." if limit == 2 else "No texts were judged: 2 failed."
    assert f"{counted} The run’s page lists the reasons." in run.error
    assert all("planted" in item.error for item in run.items.all())

    def told(lead: User) -> list[bool]:
        client.force_login(lead)
        addresses = [
            reverse("project_home", args=[cast.project.pk]),
            reverse("judge_run", args=[cast.project.pk, run.pk]),
            reverse("api_judge_run_retrieve", args=[cast.project.pk, run.pk]),
        ]
        return ["planted" in html_of(client.get(address)) for address in addresses]

    assert (told(blind), told(seeing)) == ([False] * 3, [False, True, False])


def test_what_a_server_says_of_every_text_is_in_the_error_of_the_run(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    texts(cast, 2)
    script.reply = lambda body, count: refusal(404, "no model of this name")
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice), snapshot(cast))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert "No texts were judged: 2 failed. The first reason: The endpoint" in run.error
    assert "no model of this name" in run.error


def test_nothing_judged_at_all_is_a_failed_run(cast: Cast, script: Stub, voice: Endpoint) -> None:
    texts(cast, 2)
    script.reply = lambda body, count: refusal(401, "wrong key")
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice), snapshot(cast))
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "refuses the key" in run.error
    assert not Score.objects.exists()
