"""A model server that is built at its first request."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.servers import serve
from webapp.llm.local import __main__ as program
from webapp.llm.local.when_asked import WhenAsked


def test_it_is_built_once_at_the_first_request_and_ended_at_the_end() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        events.append("opened")
        yield
        events.append("closed")

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    def build() -> Starlette:
        events.append("built")
        return Starlette(routes=[Route("/v1/hello", hello)], lifespan=lifespan)

    async def ask_at_once(url: str) -> list[str]:
        async with httpx2.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(f"{url}/hello") for _ in range(4)))
        return [answer.text for answer in answers]

    with serve(WhenAsked(build)) as url:
        assert events == []
        assert asyncio.run(ask_at_once(url)) == ["hello"] * 4
        assert events == ["built", "opened"]
    assert events == ["built", "opened", "closed"]


def test_a_server_that_nobody_asked_ends_without_having_been_built() -> None:
    def build() -> Starlette:
        raise AssertionError

    with serve(WhenAsked(build)):
        pass


def test_the_threads_of_a_model_give_their_core_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "1")
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setattr("sys.argv", ["webapp.llm.local"])
    assert program.main() == 2, "it was given no model"
    assert os.environ["GOMP_SPINCOUNT"] == "3000"
