"""The first half of an evaluation: every prompt is answered by every system."""

from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

from django.utils import timezone

from annotation.generation.answering import Reply, ask_supporter_once, target_of
from annotation.generation.synthesis import Complete, turn_seed
from annotation.judge_runs.pipeline import Pipeline
from annotation.models import Target
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judging.checks import run_check
from rubrics.judging.inputs import candidate_of
from training.evaluation.messages import publish
from training.models import Answer, EvaluatedSystem, EvaluationRun
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import away, open_client
from webapp.llm.models import ModelCall
from webapp.runs.work import Claim, in_db, while_held

# Prompts read at once.
CHUNK = 64


@dataclass(frozen=True)
class Prompt:
    """An answer to give, and what it is given to: the context of the held-out turn, whose own
    reply (`context["candidate"]`) only the corpus may use."""

    answer: Answer
    context: Context
    gold_emotion: str


async def answer_all(claim: Claim[EvaluationRun]) -> None:
    """All systems side by side: each has a server of its own."""
    async with AsyncExitStack() as stack:
        parts: list[Coroutine[Any, Any, None]] = []
        systems = []
        for system in await in_db(_systems, claim.run):
            complete, in_flight = None, 1
            if system.endpoint is not None:
                client = await stack.enter_async_context(
                    open_client(system.endpoint, run=claim.run)
                )
                complete, in_flight = client.complete, system.endpoint.max_concurrency
            work = _System(claim, system, complete)
            systems.append(work)
            parts += Pipeline(
                next_page=work.next_page,
                work=work.answer,
                keep=work.keep,
                lot=1 if complete else CHUNK,
                in_flight=in_flight,
            ).parts()
        await while_held(claim, *parts)
    for work in systems:
        work.require_alive()


def _systems(run: EvaluationRun) -> list[EvaluatedSystem]:
    return list(run.systems.select_related("endpoint").order_by("position"))


class _System:
    """One system's answers under way."""

    def __init__(
        self, claim: Claim[EvaluationRun], system: EvaluatedSystem, complete: Complete | None
    ) -> None:
        self._claim = claim
        self._system = system
        self._complete = complete
        self._read_up_to = -1
        # Why its endpoint is not asked any more; empty as long as it is.
        self._given_up = ""

    def next_page(self) -> list[Prompt]:
        if self._given_up:
            return []
        waiting = self._system.answers.filter(ended_at=None, position__gt=self._read_up_to)
        answers = list(waiting.select_related("prompt").order_by("position")[:CHUNK])
        if answers:
            self._read_up_to = answers[-1].position
        targets = [answer.prompt for answer in answers]
        contexts, gold = contexts_of(targets), gold_emotions_of(targets)
        return [
            Prompt(answer, contexts[answer.prompt_id], gold[answer.prompt_id]) for answer in answers
        ]

    async def answer(self, prompts: Sequence[Prompt]) -> list[Reply]:
        if self._complete is None:
            return [Reply(prompt.context["candidate"]["raw"]) for prompt in prompts]
        return [await self._ask(prompt, self._complete) for prompt in prompts]

    async def _ask(self, prompt: Prompt, complete: Complete) -> Reply:
        run = self._claim.run
        reply = await ask_supporter_once(
            complete,
            prompt.context,
            max_tokens=run.max_tokens,
            temperature=run.temperature,
            seed=turn_seed(run.seed, prompt.answer.position),
        )
        self._given_up = reply.given_up or self._given_up
        self._claim.note_server_error(reply.server_error)
        return reply

    def keep(self, done: Sequence[tuple[Prompt, Reply]]) -> None:
        with self._claim.writing():
            # In one order, whoever writes: two evaluations of one set would wait for each other.
            ordered = sorted(done, key=lambda pair: (pair[0].answer.prompt_id, pair[1].raw))
            for prompt, reply in ordered:
                self._keep_answer(prompt, reply)
            self._keep_calls(done)
            publish(self._claim.run)

    def _keep_answer(self, prompt: Prompt, reply: Reply) -> None:
        rows = Answer.objects.filter(pk=prompt.answer.pk, target=None)
        if reply.error:
            rows.update(error=reply.error, ended_at=timezone.now())
            return
        rows.update(
            raw=reply.raw,
            target=self._target_of(prompt, reply),
            format=_checked("format", prompt, reply.raw),
            emotion_match=_checked("emotion_match", prompt, reply.raw),
            ended_at=timezone.now(),
        )

    def _target_of(self, prompt: Prompt, reply: Reply) -> Target:
        """The corpus's reply is the turn itself, so that who is blind to it stays so."""
        if self._complete is None:
            return prompt.answer.prompt
        return target_of(reply, prompt.context, project=self._claim.run.project)

    def _keep_calls(self, done: Sequence[tuple[Prompt, Reply]]) -> None:
        endpoint = self._system.endpoint
        if endpoint is not None:
            ModelCall.objects.bulk_create(
                row
                for prompt, reply in done
                for row in call_rows(
                    reply.calls,
                    endpoint=endpoint,
                    purpose=ModelCall.Purpose.SUPPORTER,
                    made_for=prompt.answer.pk,
                    run=self._claim.run,
                )
            )

    def require_alive(self) -> None:
        endpoint = self._system.endpoint
        if endpoint is not None and self._given_up:
            raise away(endpoint, self._given_up, saved="answers")


def _checked(check: Literal["format", "emotion_match"], prompt: Prompt, raw: str) -> float | None:
    """What an exact check says, by the same code as in a reward."""
    criterion = CriterionSpec(
        uid=check, meaning_id=check, name=check, kind="check", scale="binary", check=check
    )
    context = {"candidate": candidate_of(raw), "gold_emotion": prompt.gold_emotion}
    return run_check(RubricSpec(title="", criteria=(criterion,)), criterion, context).value
