"""The first half of a difficulty run: the model replies to each prompt K times."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.difficulty.limits import REPLIES
from annotation.difficulty.settling import settle
from annotation.generation.answering import Reply, ask_supporter_once, target_of
from annotation.generation.synthesis import Complete, turn_seed
from annotation.judge_runs.pipeline import Pipeline
from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import away, open_client
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, while_held

# Prompts read at once.
CHUNK = 16


@dataclass(frozen=True)
class Asked:
    """A reply to get, and what the model is to reply to."""

    reply: DifficultyReply
    context: Context


async def answer_all(claim: Claim[DifficultyRun]) -> None:
    """Raises RunFailed where the endpoint is given up; the replies so far are kept."""
    endpoint = claim.run.endpoint
    async with open_client(endpoint, run=claim.run) as client:
        work = _Answering(claim, client.complete)
        pipeline = Pipeline(
            next_page=work.next_page,
            work=work.ask,
            keep=work.keep,
            lot=1,
            in_flight=endpoint.max_concurrency,
        )
        await while_held(claim, *pipeline.parts())
    if work.given_up:
        raise away(endpoint, work.given_up, saved="replies")


class _Answering:
    def __init__(self, claim: Claim[DifficultyRun], complete: Complete) -> None:
        self._claim = claim
        self._complete = complete
        self._read_up_to = -1
        # Why the endpoint is not asked any more; empty as long as it is.
        self.given_up = ""

    def next_page(self) -> list[Asked]:
        """The replies that are missing of the next prompts."""
        while not self.given_up:
            rows = self._claim.run.prompts.filter(position__gt=self._read_up_to)
            prompts = list(rows.select_related("target").order_by("position")[:CHUNK])
            if not prompts:
                break
            self._read_up_to = prompts[-1].position
            if missing := self._missing(prompts):
                return missing
        return []

    def _missing(self, prompts: Sequence[DifficultyPrompt]) -> list[Asked]:
        with self._claim.writing():
            DifficultyReply.objects.bulk_create(
                (
                    DifficultyReply(project_id=prompt.project_id, prompt=prompt, number=number)
                    for prompt in prompts
                    for number in range(prompt.k)
                ),
                ignore_conflicts=True,
            )
        waiting = DifficultyReply.objects.filter(prompt__in=prompts, target=None, error="")
        replies = list(waiting.select_related("prompt").order_by("prompt__position", "number"))
        contexts = contexts_of([prompt.target for prompt in prompts]) if replies else {}
        return [Asked(reply, contexts[reply.prompt.target_id]) for reply in replies]

    async def ask(self, asked: Sequence[Asked]) -> list[Reply]:
        return [await self._ask(each) for each in asked]

    async def _ask(self, asked: Asked) -> Reply:
        run, reply = self._claim.run, asked.reply
        said = await ask_supporter_once(
            self._complete,
            asked.context,
            max_tokens=run.max_tokens,
            temperature=run.temperature,
            # The same for the same place, whatever K is.
            seed=turn_seed(run.seed, reply.prompt.position * REPLIES.most + reply.number),
        )
        self.given_up = said.given_up or self.given_up
        self._claim.note_server_error(said.server_error)
        return said

    def keep(self, done: Sequence[tuple[Asked, Reply]]) -> None:
        with self._claim.writing():
            # In one order, whoever writes: two runs on one set would wait for each other.
            ordered = sorted(done, key=lambda pair: (pair[0].reply.prompt.target_id, pair[1].raw))
            for asked, said in ordered:
                self._keep_reply(asked, said)
            self._keep_calls(done)
            settle(self._claim.run, (asked.reply.prompt_id for asked, said in done if said.error))
            live.publish(self._claim.run.topic)

    def _keep_reply(self, asked: Asked, said: Reply) -> None:
        rows = DifficultyReply.objects.filter(pk=asked.reply.pk, target=None)
        if said.error:
            rows.update(error=said.error)
            return
        target = target_of(said, asked.context, project=self._claim.run.project)
        rows.update(raw=said.raw, target=target)

    def _keep_calls(self, done: Sequence[tuple[Asked, Reply]]) -> None:
        ModelCall.objects.bulk_create(
            row
            for asked, said in done
            for row in call_rows(
                said.calls,
                endpoint=self._claim.run.endpoint,
                purpose=ModelCall.Purpose.SUPPORTER,
                made_for=asked.reply.pk,
                run=self._claim.run,
            )
        )
