"""Endpoints that are slow, talk garbage, fail or are gone: what was made is kept, and why it
stopped is said."""

import asyncio
import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection
from starlette.responses import PlainTextResponse

from annotation.generation import work as generation
from annotation.models import GenerationItem, GenerationRun, Turn
from tests.conftest import Cast
from tests.support.generation import REPLY, corpus, endpoint, planned, speak, stub, written
from tests.support.runs import work_past_waits
from tests.support.servers import Stub, answer, never, refusal, refusing, serve
from tests.support.waiting import LOOK_EVERY_S, SHORT_S
from webapp.llm.client.wire import Wire
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs
from webapp.runs import work as run_work

pytestmark = pytest.mark.django_db(transaction=True)

DONE, FAILED = GenerationItem.State.DONE, GenerationItem.State.FAILED


@pytest.fixture
def script() -> Stub:
    return stub()


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(generation, "open_client", partial(open_client, retries=0, cooldown_s=0.05))
    corpus(cast)
    with serve(script.app) as url:
        yield endpoint(cast, url)


def work(run: GenerationRun) -> GenerationRun:
    work_past_waits(generation.work, run)
    return run


def count(run: GenerationRun, state: str) -> int:
    return run.items.filter(state=state).count()


def is_seeker(body: dict[str, Any]) -> bool:
    return "You are the supporter" not in body["messages"][0]["content"]


@pytest.mark.slow
def test_an_endpoint_that_is_gone_fails_the_run_in_words(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "open_client", partial(open_client, retries=0, cooldown_s=0.05))
    corpus(cast)
    with refusing() as url:
        run = work(planned(cast, endpoint(cast, url), count=40))
    assert run.items.filter(state=GenerationItem.State.WAITING).count() > 20
    assert run.status == "failed"
    assert "connection failed" in run.error
    assert count(run, DONE) == 0
    assert not Turn.objects.filter(dialogue__generation_item__run=run).exists()


@pytest.mark.slow
def test_an_endpoint_that_goes_away_in_the_middle_loses_nothing_that_was_made(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    script.reply = lambda body, n: answer(speak(body)) if n <= 50 else refusal(503, "restarting")
    run = work(planned(cast, voice, count=20))
    assert run.status == "failed"
    assert "“Scripted” keeps failing" in run.error and "The endpoint failed (503)." in run.error
    kept = written(run)
    # Replies that were on their way when it stopped are asked for again.
    assert 0 < sum(map(len, kept.values())) <= 50
    script.reply = lambda body, n: answer(speak(body))
    runs.resume(run, actor=cast.leads[0])
    work(run)
    assert (run.status, run.error, count(run, DONE)) == ("succeeded", "", 20)
    whole = written(run)
    assert all(whole[at][: len(turns)] == turns for at, turns in kept.items())
    calls = ModelCall.objects.filter(run_id=run.pk)
    assert calls.filter(error="").count() == 80
    refused = calls.exclude(error="")
    assert refused.count() > 4 and all("restarting" in call.error for call in refused)


def test_garbage_fails_its_dialogue_and_no_other(cast: Cast, script: Stub, voice: Endpoint) -> None:
    bad = planned(cast, voice, count=6)
    marked = bad.items.get(position=2)
    GenerationItem.objects.filter(pk=marked.pk).update(situation="The marked one.")

    def reply(body: dict[str, Any], n: int) -> Any:
        if "The marked one." in body["messages"][0]["content"] and not is_seeker(body):
            return PlainTextResponse("<html>It works!</html>")
        return answer(speak(body))

    script.reply = reply
    run = work(bad)
    assert (run.status, count(run, DONE), count(run, FAILED)) == ("succeeded", 5, 1)
    marked.refresh_from_db()
    assert "not a chat completion" in marked.error
    assert marked.dialogue is not None and marked.dialogue.sealed_at is None
    script.reply = lambda body, n: answer(speak(body))
    script.bodies.clear()
    runs.resume(run, actor=cast.leads[0])
    work(run)
    assert (run.status, count(run, DONE)) == ("succeeded", 6)
    # It went on behind the seeker's first turn.
    assert len(script.bodies) == 3


def test_a_model_without_a_word_fails_its_dialogue(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    script.reply = lambda body, n: answer(speak(body) if is_seeker(body) else "  ")
    run = work(planned(cast, voice, count=2))
    assert run.status == "failed"
    assert run.error == "No dialogue was finished: 2 failed. The run’s page lists the reasons."
    assert {item.error for item in run.items.all()} == {"The supporter’s turn 2 was empty."}
    asked = [body["seed"] for body in script.bodies if not is_seeker(body)]
    assert len(set(asked)) == len(asked) == 6


def test_a_model_that_says_nothing_once_is_asked_again(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    script.reply = lambda body, n: answer("" if n in (1, 3) else speak(body))
    run = work(planned(cast, voice, count=1))
    assert (run.status, count(run, DONE), len(script.bodies)) == ("succeeded", 1, 6)


def test_a_slow_endpoint_is_a_dialogue_that_failed(
    cast: Cast, script: Stub, voice: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(cast, voice, count=3)
    marked = run.items.get(position=1)
    GenerationItem.objects.filter(pk=marked.pk).update(situation="The marked one.")

    def is_marked(body: dict[str, Any]) -> bool:
        return "The marked one." in str(body["messages"])

    post = Wire.post

    async def post_impatiently(wire: Wire, path: str, body: dict[str, Any]) -> Any:
        """The limit is short for the answer that never comes, and for no other."""
        wire = copy.copy(wire)
        assert wire._timeout_s == voice.timeout_s
        wire._timeout_s = 0.2 if is_marked(body) else SHORT_S
        return await post(wire, path, body)

    monkeypatch.setattr(Wire, "post", post_impatiently)
    script.reply = lambda body, n: never() if is_marked(body) else answer(speak(body))
    work(run)
    assert (run.status, count(run, DONE), count(run, FAILED)) == ("succeeded", 2, 1)
    marked.refresh_from_db()
    assert marked.state == FAILED and "No answer within 0.2 s" in marked.error


def test_a_broken_reply_keeps_what_was_said(cast: Cast, script: Stub, voice: Endpoint) -> None:
    broken = REPLY.replace("<|emotion_end|>", "").format(said="you")
    script.reply = lambda body, n: answer(speak(body) if is_seeker(body) else broken)
    run = work(planned(cast, voice, count=1, exchanges=1))
    turn = Turn.objects.get(dialogue__generation_item__run=run, role="supporter")
    assert (turn.raw, run.status) == (broken, "succeeded")
    assert turn.text


def test_characters_that_no_database_keeps_are_replaced(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    script.reply = lambda body, n: answer("One\x00two")
    run = work(planned(cast, voice, count=1, exchanges=1))
    assert run.status == "succeeded"
    assert Turn.objects.filter(text="One\ufffdtwo").count() == 2


def test_a_stop_is_heard_while_a_model_thinks(
    cast: Cast, script: Stub, voice: Endpoint, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It looks often whether it should stop.
    settings.RUN_LEASE_S = 0.4
    monkeypatch.setattr(run_work, "CHECK_S", LOOK_EVERY_S)
    run = planned(cast, voice, count=3)

    async def think(body: dict[str, Any], n: int) -> Any:
        if n == 4:
            await asyncio.to_thread(cancel_in_thread)
        return await never() if n >= 4 else answer(speak(body))

    def cancel_in_thread() -> None:
        runs.cancel(GenerationRun.objects.get(pk=run.pk), actor=cast.leads[0])
        connection.close()

    script.reply = think
    work(run)
    assert run.status == "cancelled"
    assert count(run, DONE) == 0 and count(run, FAILED) == 0
    script.reply = lambda body, n: answer(speak(body))
    runs.resume(run, actor=cast.leads[0])
    assert (work(run).status, count(run, DONE)) == ("succeeded", 3)


@pytest.mark.slow
def test_the_same_plan_asks_the_same_twice(cast: Cast, script: Stub, voice: Endpoint) -> None:
    asked = []
    for _ in range(2):
        script.bodies.clear()
        work(planned(cast, voice, count=5, seed=3))
        asked.append(sorted(map(repr, script.bodies)))
    assert asked[0] == asked[1]
    script.bodies.clear()
    work(planned(cast, voice, count=5, seed=4))
    assert sorted(map(repr, script.bodies)) != asked[0]


def test_the_seeker_and_the_supporter_may_be_different_endpoints(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    other = stub()
    with serve(other.app) as url:
        supporter = endpoint(cast, url, name="Another")
        run = work(planned(cast, voice, supporter=supporter, count=2))
    assert run.status == "succeeded"
    assert all(is_seeker(body) for body in script.bodies)
    assert not any(is_seeker(body) for body in other.bodies)
    assert len(script.bodies) == len(other.bodies) == 4


def test_a_reply_that_is_cut_in_its_reasoning_is_asked_for_again(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    cut = "<understanding>Low.</understanding><reasoning>She exaggerates, so I will not take"
    thought = "<think>How tedious.</think>I feel low."

    def reply(body: dict[str, Any], n: int) -> Any:
        if is_seeker(body):
            return answer(thought)
        first = sum(not is_seeker(asked) for asked in script.bodies) == 1
        return answer(cut if first else speak(body))

    script.reply = reply
    run = work(planned(cast, voice, count=1))
    assert run.status == "succeeded"
    turns = Turn.objects.filter(dialogue__generation_item__run=run)
    assert not [turn for turn in turns if "exaggerates" in turn.text or "tedious" in turn.text]
    # What the seeker thought is kept beside what was said.
    assert {turn.raw for turn in turns if turn.role == "seeker"} == {thought}


def test_a_turn_that_nobody_could_read_fails_its_dialogue(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    """The server takes no notice of the limit of tokens."""
    endless = "word " * 20_000
    script.reply = lambda body, n: answer(speak(body) if is_seeker(body) else endless)
    run = work(planned(cast, voice, count=1))
    assert run.status == "failed"
    words = "turn 2 is too long. It has 100,000 characters. At most 50,000"
    assert words in run.items.get().error
    assert not Turn.objects.filter(dialogue__generation_item__run=run, role="supporter").exists()


def test_a_model_that_never_leaves_its_reasoning_fails_its_dialogue(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    script.reply = lambda body, n: answer(speak(body) if is_seeker(body) else "<think>Let me see")
    run = work(planned(cast, voice, count=1))
    assert run.status == "failed"
    words = "The supporter’s turn 2 said nothing but its reasoning."
    assert words in run.items.get().error
