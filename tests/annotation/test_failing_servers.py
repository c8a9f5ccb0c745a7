"""Servers that are slow, talk garbage, stop half-way or are not there, in front of the real work
of generation and judge runs: the run's page says what happened, what was made is kept, and going
on when the server is well again finishes the same rows."""

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from starlette.responses import PlainTextResponse, StreamingResponse

from annotation.generation import work as generation
from annotation.generation.live import render_generation
from annotation.judge_runs import work as judging
from annotation.models import Turn
from rubrics.judges import opening as judges
from tests.conftest import Cast
from tests.support.generation import corpus, endpoint, planned, speak
from tests.support.judge_runs import judge_run, llm_judge, said, texts, version_of
from tests.support.pages import html_of
from tests.support.runs import work_past_waits
from tests.support.servers import Stub, answer, never, refusal, refusing, serve
from webapp.llm import clients, services
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs
from webapp.runs.models import Run

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FEW = 6


def half(body: dict[str, Any]) -> Any:
    async def stream() -> Any:
        yield b'{"choices": [{"message": {"content": "I hear'
        raise ConnectionResetError

    return StreamingResponse(stream(), media_type="application/json")


# What the server does, and what the page says of it.
BAD: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "garbage": (lambda body: PlainTextResponse("<html>It works!"), "not a chat completion"),
    "half": (half, "The connection failed"),
    "overloaded": (lambda body: refusal(503, "out of <memory>"), "The endpoint failed (503)."),
    "slow": (never, "No answer within 2 s."),
}
# These wait for real time limits.
WAITING = ("slow", "silent")


def each(behaviours: Iterable[str]) -> list[Any]:
    return [
        pytest.param(name, marks=[pytest.mark.slow] if name in WAITING else [])
        for name in behaviours
    ]


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


GONE = {"refused": (refusing, "The connection failed"), "silent": (silent, "No answer within 1 s.")}


@dataclass
class Work:
    """A run over one endpoint, as a person and a worker handle it."""

    run: Run
    do: Callable[[str], None]
    resume: Callable[..., None]
    page: str
    good: Callable[[dict[str, Any]], str]
    made: Callable[[], set[Any]]
    # Rows when all is done, and how many come of one call.
    whole: int

    def go(self) -> Run:
        work_past_waits(self.do, self.run)
        return self.run

    def calls(self) -> QuerySet[ModelCall]:
        return ModelCall.objects.filter(run_id=self.run.pk)


@pytest.fixture
def script() -> Stub:
    return Stub(lambda body, count: answer())


@pytest.fixture(params=["generation", "judging"])
def work(
    request: pytest.FixtureRequest, cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Work]:
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    quick = partial(open_client, retries=0, cooldown_s=0.05)
    monkeypatch.setattr(generation, "open_client", quick)
    monkeypatch.setattr(judges, "open_client", quick)
    monkeypatch.setattr(clients, "PATIENCE", 2)
    with serve(script.app) as url:
        voice = endpoint(cast, url, timeout_s=60)
        # No bad answer is asked for before a good one has come, so something is always kept.
        Endpoint.objects.update(max_concurrency=FEW)
        build = generating if request.param == "generation" else judging_texts
        yield build(cast, voice)


def generating(cast: Cast, voice: Endpoint) -> Work:
    corpus(cast)
    run = planned(cast, voice, count=10, exchanges=1)
    made = Turn.objects.filter(dialogue__generation_item__run=run)
    return Work(
        run,
        generation.work,
        lambda: runs.resume(run, actor=cast.leads[0]),
        reverse("generation_run", args=[cast.project.pk, run.pk]),
        speak,
        lambda: set(made.values_list("dialogue__source_key", "position", "raw")),
        20,
    )


def judging_texts(cast: Cast, voice: Endpoint) -> Work:
    texts(cast, 40)
    run = judge_run(cast, version_of(cast), llm_judge(cast, voice, mode="all_in_one"))
    return Work(
        run,
        judging.work,
        lambda: runs.resume(run, actor=cast.leads[0]),
        reverse("judge_run", args=[cast.project.pk, run.pk]),
        lambda body: said(c1=3, c2=1),
        lambda: set(run.items.exclude(rating=None).values_list("position", "rating_id")),
        40,
    )


def answers_within(seconds: int) -> None:
    """How long the endpoint may take: short only where no answer comes, because a busy machine
    is late with the good ones too."""
    Endpoint.objects.update(timeout_s=seconds)


def page_of(client: Client, cast: Cast, url: str) -> str:
    client.force_login(cast.leads[0])
    return html_of(client.get(url))


@pytest.mark.parametrize("behaviour", each(BAD))
def test_a_server_that_turns_bad_is_told_on_the_page_and_loses_nothing(
    cast: Cast, client: Client, script: Stub, work: Work, behaviour: str
) -> None:
    bad, words = BAD[behaviour]
    answers_within(2 if behaviour == "slow" else 60)
    script.reply = lambda body, count: answer(work.good(body)) if count <= FEW else bad(body)
    run = work.go()
    assert run.status == "failed"
    page = page_of(client, cast, work.page)
    assert f"{run} failed." in page and words in page and "saved" in page
    assert "Resume" in page
    kept = work.made()
    assert 0 < len(kept) <= FEW
    # Each request is a row with its reason, and can be opened from the page.
    assert work.calls().exclude(error="").count() >= 3
    assert f"{reverse('model_calls', args=[cast.project.pk])}?run={run.pk}&amp;failed=1" in page
    script.reply = lambda body, count: answer(work.good(body))
    answers_within(60)
    work.resume()
    run = work.go()
    assert (run.status, run.error) == ("succeeded", "")
    assert len(work.made()) == work.whole and kept <= work.made()
    assert Endpoint.objects.get().paused_until is None


@pytest.mark.parametrize("behaviour", each(GONE))
def test_a_server_that_is_not_there_is_told_on_the_page(
    cast: Cast,
    client: Client,
    script: Stub,
    work: Work,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The server goes away by another address here, which the judge's version does not pin.
    monkeypatch.setattr(judges, "require_unchanged", lambda judge: None)
    gone, words = GONE[behaviour]
    well = Endpoint.objects.get().base_url
    with gone() as url:
        Endpoint.objects.update(base_url=url)
        answers_within(1)
        run = work.go()
    assert run.status == "failed" and work.made() == set()
    page = page_of(client, cast, work.page)
    assert f"{run} failed." in page and words in page
    Endpoint.objects.update(base_url=well)
    answers_within(60)
    script.reply = lambda body, count: answer(work.good(body))
    work.resume()
    assert work.go().status == "succeeded"
    assert len(work.made()) == work.whole


def test_while_an_endpoint_is_left_alone_the_page_says_until_when_and_why(
    cast: Cast, client: Client, script: Stub, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server restarts in the middle: the run waits for it, and continues by itself."""
    script.reply = lambda body, count: (
        refusal(503, "loading <weights>") if FEW < count <= FEW + 6 else answer(work.good(body))
    )
    seen: list[str] = []
    note = services.endpoint_note_pause

    def note_and_look(**pause: Any) -> None:
        note(**pause)
        seen.append(page_of(client, cast, work.page))

    monkeypatch.setattr(services, "endpoint_note_pause", note_and_look)
    run = work.go()
    assert run.status == "succeeded"
    assert "“Scripted” is paused until" in seen[0]
    assert "loading &lt;weights&gt;" in seen[0] and "continues by itself" in seen[0]
    assert "is paused until" not in seen[-1]
    assert "is paused until" not in page_of(client, cast, work.page)


def test_the_socket_sends_the_pause_too(cast: Cast) -> None:
    corpus(cast)
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    run = planned(cast, voice)
    services.endpoint_note_pause(endpoint_id=voice.pk, until=timezone.now(), reason="Down.")
    run.refresh_from_db()
    parts = render_generation(run, cast.member(cast.leads[0]))
    assert sum("is paused until" in part for part in parts) == 1
