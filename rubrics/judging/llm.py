"""The LLM judge. The model is an injected callable, so nothing here knows HTTP or endpoints."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judging.fitting import ask_what_fits
from rubrics.judging.inputs import JudgeInput, readable_criteria
from rubrics.judging.parsing import failed, parse_reply
from rubrics.judging.prompts import Message, Mode, build_messages
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.judging.schema import reply_schema
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import CircuitOpen, ModelError


class Completion(Protocol):
    """What a model gave back, and the calls that were made for it; the last one gave it."""

    @property
    def text(self) -> str: ...
    @property
    def calls(self) -> Sequence[CallRecord]: ...


class Complete(Protocol):
    """One question to a model. Retries, limits and timeouts are its business."""

    async def __call__(
        self,
        messages: list[Message],
        *,
        schema: dict[str, Any],
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> Completion: ...


@dataclass(frozen=True)
class LLMParameters:
    """What a judge's version pins. `max_tokens` is per criterion."""

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
    answers = await asyncio.gather(
        *(_ask(spec, group, item, complete, parameters) for group in groups if group)
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
    except ModelError as error:
        scores = [failed(c, f"The judge gave no answer: {error}") for c in criteria]
        given_up = error.reason if isinstance(error, CircuitOpen) else ""
        return _Answer(scores, error.calls, given_up, error.server_error)
    except Exception as error:  # noqa: BLE001 - whatever an endpoint does is a recorded error
        reason = f"The judge gave no answer: {type(error).__name__}: {error}"
        scores = [failed(c, reason) for c in criteria]
        return _Answer(scores, [CallRecord(request(item.context), error=reason)])
    scores = parse_reply(completion.text, criteria)
    problems = sorted({score.reason for score in scores if score.status == "failed"})
    *before, last = completion.calls
    calls = [*refused, *before, replace(last, error=" ".join(problems))]
    return _Answer(scores, calls, cut=read["cut"])
