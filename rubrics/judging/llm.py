"""The LLM judge. The model is an injected callable, so nothing here knows HTTP or endpoints."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judging.fitting import ask_what_fits
from rubrics.judging.inputs import JudgeInput, readable_criteria
from rubrics.judging.parsing import (
    ReplyError,
    failed,
    parse_level,
    parse_rationale,
    parse_reply,
)
from rubrics.judging.prompts import Message, Mode, ask_for_level, build_messages
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.judging.schema import allowed_scores, reply_schema
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import CircuitOpen, ModelError


class Completion(Protocol):
    """What a model gave back, and the calls that were made for it; the last one gave it."""

    @property
    def text(self) -> str: ...
    @property
    def calls(self) -> Sequence[CallRecord]: ...
    @property
    def choice_logprobs(self) -> Mapping[str, float] | None: ...


class Complete(Protocol):
    """One question to a model. Retries, limits and timeouts are its business."""

    async def __call__(
        self,
        messages: list[Message],
        *,
        schema: dict[str, Any] | None = None,
        choice: Sequence[str] | None = None,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> Completion: ...


@dataclass(frozen=True)
class LLMParameters:
    """What a judge's version pins. `max_tokens` is per criterion. With the mode
    `rationale_then_level`, a criterion is asked for in two calls: for evidence and rationale, then
    for the level that follows, with the probability of each level where the server tells it."""

    mode: Mode = "per_criterion"
    temperature: float = 0.0
    max_tokens: int = 500
    seed: int = 0


@dataclass(frozen=True)
class LLMJudge:
    complete: Complete
    parameters: LLMParameters = LLMParameters()

    async def score(self, spec: RubricSpec, inputs: Sequence[JudgeInput]) -> list[JudgeResult]:
        """The judge criteria of every input, in the order of the inputs."""
        return await judge_with_llm(
            spec, inputs, complete=self.complete, parameters=self.parameters
        )


async def judge_with_llm(
    spec: RubricSpec,
    inputs: Sequence[JudgeInput],
    *,
    complete: Complete,
    parameters: LLMParameters,
) -> list[JudgeResult]:
    """Score every judge criterion of every input, all requests in flight together.

    Never raises for what a model or endpoint does: that is a `failed` score and the error of
    its call.
    """
    return await asyncio.gather(*(_judge_one(spec, item, complete, parameters) for item in inputs))


async def _judge_one(
    spec: RubricSpec,
    item: JudgeInput,
    complete: Complete,
    parameters: LLMParameters,
) -> JudgeResult:
    criteria = readable_criteria(spec, item.context)
    groups = [criteria] if parameters.mode == "all_in_one" else [[c] for c in criteria]
    ask = _ask_twice if parameters.mode == "rationale_then_level" else _ask
    answers = await asyncio.gather(
        *(ask(spec, group, item, complete, parameters) for group in groups if group)
    )
    return JudgeResult(
        item.key,
        {score.uid: score for answer in answers for score in answer.scores},
        tuple(call for answer in answers for call in answer.calls),
        given_up=next((answer.given_up for answer in answers if answer.given_up), ""),
        server_error=next((answer.server_error for answer in answers if answer.server_error), ""),
        cut=max((answer.cut for answer in answers), default=0),
    )


@dataclass(frozen=True)
class _Answer:
    scores: Sequence[CriterionScore]
    calls: Sequence[CallRecord]
    given_up: str = ""
    server_error: str = ""
    cut: int = 0


async def _ask(
    spec: RubricSpec,
    criteria: Sequence[CriterionSpec],
    item: JudgeInput,
    complete: Complete,
    parameters: LLMParameters,
) -> _Answer:
    def request(context: dict[str, Any]) -> dict[str, Any]:
        return {
            "messages": build_messages(spec, criteria, context),
            "schema": reply_schema(criteria),
            "max_tokens": parameters.max_tokens * len(criteria),
            "temperature": parameters.temperature,
            "seed": parameters.seed,
        }

    try:
        completion, read, refused = await ask_what_fits(
            item.context, lambda context: complete(**request(context))
        )
    except Exception as error:  # noqa: BLE001 - whatever an endpoint does is a recorded error
        return _no_answer(error, criteria, request(item.context))
    scores = parse_reply(completion.text, criteria)
    calls = [*refused, *_with_problems(completion.calls, scores)]
    return _Answer(scores, calls, cut=read["cut"])


async def _ask_twice(
    spec: RubricSpec,
    criteria: Sequence[CriterionSpec],
    item: JudgeInput,
    complete: Complete,
    parameters: LLMParameters,
) -> _Answer:
    """One criterion: first for its rationale, then for the level."""
    (criterion,) = criteria
    sampling = {"temperature": parameters.temperature, "seed": parameters.seed}

    def request(context: dict[str, Any]) -> dict[str, Any]:
        return {
            "messages": build_messages(spec, criteria, context, with_score=False),
            "schema": reply_schema(criteria, with_score=False),
            "max_tokens": parameters.max_tokens,
            **sampling,
        }

    try:
        first, read, refused = await ask_what_fits(
            item.context, lambda context: complete(**request(context))
        )
    except Exception as error:  # noqa: BLE001 - whatever an endpoint does is a recorded error
        return _no_answer(error, criteria, request(item.context))
    cut = read["cut"]
    try:
        rationale, evidence = parse_rationale(first.text)
    except ReplyError as error:
        scores = [failed(criterion, str(error))]
        return _Answer(scores, [*refused, *_with_problems(first.calls, scores)], cut=cut)
    before = [*refused, *first.calls]
    levels = [str(score) for score in allowed_scores(criterion)]
    asked: dict[str, Any] = {
        "messages": ask_for_level(request(read)["messages"], evidence, rationale, levels),
        "choice": levels,
        "max_tokens": parameters.max_tokens,
        **sampling,
    }
    try:
        second = await complete(**asked)
    except Exception as error:  # noqa: BLE001 - as above
        answer = _no_answer(error, criteria, asked)
        return replace(answer, calls=[*before, *answer.calls], cut=cut)
    score = parse_level(second.text, second.choice_logprobs, criterion, rationale, evidence)
    return _Answer([score], [*before, *_with_problems(second.calls, [score])], cut=cut)


def _no_answer(
    error: Exception, criteria: Sequence[CriterionSpec], request: dict[str, Any]
) -> _Answer:
    if isinstance(error, ModelError):
        scores = [failed(c, f"The judge gave no answer: {error}") for c in criteria]
        given_up = error.reason if isinstance(error, CircuitOpen) else ""
        return _Answer(scores, error.calls, given_up, error.server_error)
    reason = f"The judge gave no answer: {type(error).__name__}: {error}"
    return _Answer([failed(c, reason) for c in criteria], [CallRecord(request, error=reason)])


def _with_problems(
    calls: Sequence[CallRecord], scores: Sequence[CriterionScore]
) -> list[CallRecord]:
    """The calls, the last one with what is wrong with its answer."""
    problems = sorted({score.reason for score in scores if score.status == "failed"})
    *before, last = calls
    return [*before, replace(last, error=" ".join(problems))]
