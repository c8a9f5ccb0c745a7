"""Replies rated by the run's judge, on the one rating path of `rubrics.judging`."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judging import artefact
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.llm import LLMJudge
from rubrics.judging.results import JudgeResult
from training.trainer.config import LearnedJudgeConfig, RunSpec
from training.trainer.data import Row
from training.trainer.events import EventLog

# A step waits this often in a row for a judge that is down, before its judgements fail.
PATIENCE = 4
# The reward's exact parts, for rubrics that bring no such check of their own.
_CHECKS = (
    CriterionSpec(
        uid="format",
        meaning_id="format",
        name="Format",
        kind="check",
        scale="binary",
        spans=("whole",),
        check="format",
    ),
    CriterionSpec(
        uid="emotion",
        meaning_id="emotion",
        name="Emotion match",
        kind="check",
        scale="binary",
        spans=("emotion",),
        check="emotion_match",
    ),
)


def with_checks(rubric: RubricSpec) -> RubricSpec:
    """The rubric with both exact checks; the total, over judge criteria only, stays the same."""
    present = {criterion.check for criterion in rubric.checks}
    missing = tuple(check for check in _CHECKS if check.check not in present)
    return replace(rubric, criteria=rubric.criteria + missing)


class Rater:
    """The open judge of a run. Use it as `with`, which closes its connections."""

    def __init__(self, spec: RunSpec, run_dir: Path, api_key: str | None, events: EventLog) -> None:
        self.rubric = with_checks(spec.rubric)
        self._spec = spec
        self._events = events
        self._run_dir = run_dir
        self._api_key = api_key

    def __enter__(self) -> Self:
        # One loop for the whole run: a client's connections live in the loop that made them.
        self._loop = asyncio.Runner()
        self._opened = AsyncExitStack()
        self._judge = self._loop.run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run(self._opened.aclose())
        self._loop.close()

    def rate(self, rows: Sequence[Row], replies: Sequence[str]) -> list[JudgeResult]:
        """Every criterion for `replies[i]` to `rows[i]`; all judge calls are in flight together."""
        inputs = [
            row.judge_input(str(index), raw)
            for index, (row, raw) in enumerate(zip(rows, replies, strict=True))
        ]
        return self._loop.run(rate(self.rubric, inputs, self._judge))

    async def _open(self) -> Scorer:
        judge = self._spec.judge
        if isinstance(judge, LearnedJudgeConfig):
            return artefact.load(self._run_dir / judge.path)
        assert judge is not None  # noqa: S101  (`read_spec` wants one for GRPO)
        # Imported here: a run with a learned judge needs no client.
        from webapp.llm.addresses import guarded_transport
        from webapp.llm.client import ModelClient, Pause

        async def tell(pause: Pause | None) -> None:
            until = pause.until.isoformat() if pause else None
            reason = pause.reason if pause else ""
            self._events.append("judge_pause", until=until, reason=reason)

        client = await self._opened.enter_async_context(
            ModelClient(
                judge.base_url,
                judge.model,
                self._api_key,
                max_concurrency=judge.max_concurrency,
                timeout_s=judge.timeout_s,
                patience=PATIENCE,
                on_pause=tell,
                transport=guarded_transport(
                    allow_loopback=judge.allow_loopback, allowed_hosts=judge.allowed_hosts
                ),
            )
        )
        return LLMJudge(client.complete, judge.parameters)
