"""One thread that runs every model call: it gathers what waits and decodes it together."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from webapp.llm.local.choices import choice_logprobs
from webapp.llm.local.generation import Batch, Row, TokenLogprob
from webapp.llm.local.store import Served

log = logging.getLogger(__name__)

GATHER_S = 0.004


class QueueFull(Exception):
    """Too many requests wait already; try again in `retry_after_s`."""

    retry_after_s = 1


@dataclass(frozen=True)
class Delta:
    """New text of a row that is still running, and its new tokens' logprobs."""

    text: str
    logprobs: list[TokenLogprob]


@dataclass(eq=False)
class Generate:
    """Asks for one completion. `deliver` gets Deltas if `stream`, then the Row or an Exception.

    `deliver` is called in the batcher's thread. Set `cancelled` when nobody waits any more.
    """

    row: Row
    deliver: Callable[[object], None]
    stream: bool = False
    cancelled: bool = False
    sent_logprobs: int = 0

    @property
    def served(self) -> Served:
        return self.row.served


@dataclass(eq=False)
class Score:
    """Asks for the log likelihoods (nats) of `choices`; `deliver` gets their list."""

    served: Served
    prompt: Sequence[int]
    choices: Sequence[Sequence[int]]
    deliver: Callable[[object], None]
    cancelled: bool = False


@dataclass
class _Active:
    batch: Batch
    jobs: dict[Row, Generate] = field(default_factory=dict)


class Batcher:
    """Runs Generate and Score jobs; new rows join a running batch between two tokens.

    `max_rows` are decoded at once over all models, `max_waiting` may wait in addition.
    """

    def __init__(self, *, max_rows: int, max_waiting: int) -> None:
        self._max_rows = max_rows
        self._max_waiting = max_waiting
        self._waiting: deque[Generate | Score] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the present step; what still waits is refused."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def waiting(self) -> int:
        return len(self._waiting)

    def submit(self, jobs: Sequence[Generate | Score]) -> None:
        """Queues all the jobs or none of them. Raises QueueFull."""
        with self._wake:
            if self._stopping or len(self._waiting) + len(jobs) > self._max_waiting:
                raise QueueFull(f"{len(self._waiting)} requests are waiting")
            self._waiting.extend(jobs)
            self._wake.notify()

    def _run(self) -> None:
        active: dict[Served, _Active] = {}
        while self._wait_for_work(idle=not active):
            active = self._go_on(active)
        leftover = [job for state in active.values() for job in state.jobs.values()]
        for job in [*leftover, *self._waiting]:
            job.deliver(RuntimeError("the server is stopping"))

    def _go_on(self, active: dict[Served, _Active]) -> dict[Served, _Active]:
        """Take what waits, and decode one token of each row; returns what is still running. On its
        own, so that nothing here holds a model while the batcher waits."""
        rows = sum(len(a.jobs) for a in active.values())
        generate, score = self._take(self._max_rows - rows)
        for served, jobs in _by_model(score).items():
            _score(served, jobs)
        for served, jobs in _by_model(generate).items():
            _join(active.setdefault(served, _Active(Batch(served))), jobs)
        for state in active.values():
            _step(state)
        return {served: state for served, state in active.items() if state.jobs}

    def _wait_for_work(self, *, idle: bool) -> bool:
        """Blocks while there is nothing to do; returns False once the batcher stops."""
        if not idle:
            return not self._stopping
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._stopping)
        # Requests that were sent together arrive a little apart: one prefill for all of them.
        time.sleep(GATHER_S)
        return not self._stopping

    def _take(self, room: int) -> tuple[list[Generate], list[Score]]:
        generate: list[Generate] = []
        score: list[Score] = []
        with self._wake:
            while self._waiting and len(generate) < room and len(score) < self._max_rows:
                job = self._waiting.popleft()
                if job.cancelled:
                    continue
                if isinstance(job, Generate):
                    generate.append(job)
                else:
                    score.append(job)
        return generate, score


def _by_model(jobs: Sequence) -> dict[Served, list]:
    groups: dict[Served, list] = {}
    for job in jobs:
        groups.setdefault(job.served, []).append(job)
    return groups


def _score(served: Served, jobs: Sequence[Score]) -> None:
    try:
        scores = choice_logprobs(served, [j.prompt for j in jobs], [j.choices for j in jobs])
    except Exception as error:
        log.exception("scoring with %s failed", served.name)
        for job in jobs:
            job.deliver(error)
        return
    for job, result in zip(jobs, scores, strict=True):
        job.deliver(result)


def _join(state: _Active, jobs: Sequence[Generate]) -> None:
    rows = {job.row: job for job in jobs}
    try:
        state.batch.join(list(rows))
    except Exception as error:
        log.exception("reading prompts with %s failed", jobs[0].served.name)
        for job in jobs:
            job.deliver(error)
        return
    state.jobs |= rows
    _publish(state)


def _step(state: _Active) -> None:
    if not state.batch.rows:
        return
    try:
        state.batch.step()
    except Exception as error:
        log.exception("a decoding step failed")
        for job in state.jobs.values():
            job.deliver(error)
        state.jobs.clear()
        return
    _publish(state)


def _publish(state: _Active) -> None:
    """Delivers what the last step made; lets go of rows that ended or that nobody waits for."""
    for row, job in list(state.jobs.items()):
        if row.finish_reason is None and job.cancelled:
            row.finish_reason = "cancelled"
        if row.finish_reason is not None:
            del state.jobs[row]
            job.deliver(row)
        elif job.stream and (text := row.take()):
            fresh = row.logprobs[job.sent_logprobs :]
            job.sent_logprobs = len(row.logprobs)
            job.deliver(Delta(text, fresh))
    state.batch.drop_finished()
