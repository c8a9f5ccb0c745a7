"""The first half of a difficulty run: the model replies to each prompt K times."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from annotation.difficulty.limits import REPLIES
from annotation.difficulty.settling import settle
from annotation.generation.prompts import prompt_messages
from annotation.generation.synthesis import Complete, Completion, turn_seed, why_too_long
from annotation.judge_runs.pipeline import Pipeline
from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of, text_target
from rubrics.judging.fitting import ask_what_fits
from webapp.llm.call_record import CallRecord
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import away, open_client
from webapp.llm.errors import CircuitOpen, ModelError
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, while_held
from webapp.text import storable

# Prompts read at once.
CHUNK = 16


@dataclass(frozen=True)
class Asked:
    """A reply to get, and what the model is to reply to."""

    reply: DifficultyReply
    context: Context


@dataclass(frozen=True)
class Said:
    raw: str = ""
    error: str = ""
    calls: tuple[CallRecord, ...] = ()
    # What the model read, where that was less than the prompt's context.
    read: Context | None = None


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
        raise away(
            endpoint,
            f"The endpoint “{endpoint.name}” keeps failing. {work.given_up} The replies given so "
            "far are saved. Resume the run when it answers.",
        )


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

    async def ask(self, asked: Sequence[Asked]) -> list[Said]:
        return [await self._ask(each) for each in asked]

    async def _ask(self, asked: Asked) -> Said:
        run, reply = self._claim.run, asked.reply

        def ask(context: Context) -> Awaitable[Completion]:
            return self._complete(
                prompt_messages(context["profile"], context["situation"], context["history"]),
                max_tokens=run.max_tokens,
                temperature=run.temperature,
                # The same for the same place, whatever K is.
                seed=turn_seed(run.seed, reply.prompt.position * REPLIES.most + reply.number),
            )

        try:
            completion, read, refused = await ask_what_fits(asked.context, ask)
        except ValueError:
            return Said(error="The seeker says nothing before this turn, so there is no prompt.")
        except ModelError as error:
            if isinstance(error, CircuitOpen):
                self.given_up = str(error.reason)
            self._claim.note_server_error(error.server_error)
            return Said(error=storable(str(error)), calls=tuple(error.calls))
        raw, calls = storable(completion.text), (*refused, *completion.calls)
        if too_long := why_too_long(raw):
            return Said(error=f"The reply is too long. {too_long}", calls=calls)
        return Said(raw, calls=calls, read=read)

    def keep(self, done: Sequence[tuple[Asked, Said]]) -> None:
        with self._claim.writing():
            # In one order, whoever writes: two runs on one set would wait for each other.
            ordered = sorted(done, key=lambda pair: (pair[0].reply.prompt.target_id, pair[1].raw))
            for asked, said in ordered:
                self._keep_reply(asked, said)
            self._keep_calls(done)
            settle(self._claim.run, (asked.reply.prompt_id for asked, said in done if said.error))
            live.publish(self._claim.run.topic)

    def _keep_reply(self, asked: Asked, said: Said) -> None:
        rows = DifficultyReply.objects.filter(pk=asked.reply.pk, target=None)
        if said.error:
            rows.update(error=said.error)
            return
        context = said.read or asked.context
        target = text_target(
            project=self._claim.run.project,
            profile=context["profile"],
            situation=context["situation"],
            history=context["history"],
            cut=context["cut"],
            raw=said.raw,
        )
        rows.update(raw=said.raw, target=target)

    def _keep_calls(self, done: Sequence[tuple[Asked, Said]]) -> None:
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
