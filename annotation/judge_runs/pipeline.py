"""Units of work from the database, through a model with many under way, and back in batches.

There is no barrier anywhere: the next units are read before they are needed, a free place takes
one at once, and what is done is written beside the work, in short transactions.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar

from webapp.llm.clients import away
from webapp.llm.models import Endpoint
from webapp.runs.work import Claim, in_db, while_held

T = TypeVar("T")
R = TypeVar("R")

# What is done is written this often, and at the end.
WRITE_EVERY_S = 0.2
# Results that wait to be written, at most: a slow database slows the work, not fills the memory.
MAX_UNWRITTEN = 512


class Pipeline(Generic[T, R]):
    """`next_page` gives the units after the last page, empty at the end; `work` does some of them;
    `keep` writes what came of them. `next_page` and `keep` run in the thread of the database.

    `in_flight` lots of `lot` units are under way at once. Run `parts()` with `while_held`.
    """

    def __init__(
        self,
        *,
        next_page: Callable[[], Sequence[T]],
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        keep: Callable[[Sequence[tuple[T, R]]], None],
        lot: int,
        in_flight: int,
    ) -> None:
        self._next_page = next_page
        self._work = work
        self._keep = keep
        self._lot = lot
        self._places = in_flight
        self._working = in_flight
        self._waiting: asyncio.Queue[Sequence[T]] = asyncio.Queue(2 * in_flight)
        self._done: asyncio.Queue[tuple[T, R]] = asyncio.Queue(MAX_UNWRITTEN)
        self._all_done = asyncio.Event()

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        return [self._read(), *(self._fill_place() for _ in range(self._places)), self._write()]

    async def _read(self) -> None:
        while page := await in_db(self._next_page):
            for start in range(0, len(page), self._lot):
                await self._waiting.put(page[start : start + self._lot])
        for _ in range(self._places):
            await self._waiting.put([])

    async def _fill_place(self) -> None:
        while units := await self._waiting.get():
            for pair in zip(units, await self._work(units), strict=True):
                await self._done.put(pair)
            # Work that never waits for anything would keep the writer from its turn.
            await asyncio.sleep(0)
        self._working -= 1
        if self._working == 0:
            self._all_done.set()

    async def _write(self) -> None:
        while not (self._all_done.is_set() and self._done.empty()):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_done.wait(), WRITE_EVERY_S)
            batch = [self._done.get_nowait() for _ in range(self._done.qsize())]
            if batch:
                await in_db(self._keep, batch)


class Judging(Protocol[T, R]):
    """What judges texts with one judge. `given_up` says why its endpoint is not asked any more;
    empty as long as it is."""

    given_up: str

    def next_page(self) -> Sequence[T]: ...
    async def rate(self, units: Sequence[T], /) -> Sequence[R]: ...
    def keep(self, done: Sequence[tuple[T, R]], /) -> None: ...


async def judge_everything(
    claim: Claim[Any], work: Judging[T, R], *, endpoint: Endpoint | None, lot: int, saved: str
) -> None:
    """Judge page after page: a learned judge `lot` texts at once, a model behind an endpoint one by
    one, as many as the endpoint takes. Raises Waits where the endpoint is given up; `saved` is what
    the run has by then."""
    pipeline = Pipeline(
        next_page=work.next_page,
        work=work.rate,
        keep=work.keep,
        lot=lot if endpoint is None else 1,
        in_flight=1 if endpoint is None else endpoint.max_concurrency,
    )
    await while_held(claim, *pipeline.parts())
    if endpoint is not None and work.given_up:
        raise away(endpoint, work.given_up, saved=saved)
