"""A generation run's work: two models write, every turn is kept at once. A run with a critic has
its replies judged and revised."""

from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

from annotation.corpus.services import split_for, split_key_of
from annotation.generation import keeping
from annotation.generation.drops import emotion_jump
from annotation.generation.prompts import Turn as SaidTurn
from annotation.generation.queries import SOURCE
from annotation.generation.refining import Critic, CriticFailed, Dropped, is_solved
from annotation.generation.settling import Settling, seal
from annotation.generation.synthesis import (
    Complete,
    NoTurn,
    Plan,
    Reply,
    Speaker,
    ask_supporter,
    converse,
)
from annotation.models import Dialogue, GenerationCritic, GenerationItem, GenerationRun
from rubrics.judges.opening import asking, load_learned
from webapp.accounts.numbers import next_number
from webapp.llm.client import ModelClient
from webapp.llm.clients import away, open_client
from webapp.llm.errors import CircuitOpen
from webapp.llm.models import Endpoint
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, Waits, claimed, in_db, run_async, while_held
from webapp.text import storable

# Dialogues under way at once; each endpoint's own limit holds beside it.
IN_FLIGHT = 16


def work(run_id: str) -> None:
    """Write what is planned and not yet written. For a worker."""
    with claimed(GenerationRun, run_id) as claim:
        if claim is not None:
            run_async(_write_dialogues(claim))


async def _write_dialogues(claim: Claim[GenerationRun]) -> None:
    # One iterator for all: each takes the next dialogue when it has finished one.
    queue = iter(await in_db(_waiting, claim))
    given_up: list[Waits] = []
    async with AsyncExitStack() as stack:
        writer = await _open_writer(claim, stack)

        async def take_turns() -> None:
            for item in queue:
                try:
                    await writer.write(item)
                except Waits as reason:
                    # The others end by themselves at their next turn, and keep what they asked.
                    given_up.append(reason)
                    return

        await while_held(claim, *(take_turns() for _ in range(IN_FLIGHT)))
    if given_up:
        raise given_up[0]
    await in_db(_fail_if_nothing_was_made, claim)


class _Writer:
    """What the dialogues of a run share. `critic` and `settling` are None in a run without one."""

    def __init__(
        self,
        claim: Claim[GenerationRun],
        simulator: Complete,
        supporter: Complete,
        critic: Critic | None,
        settling: Settling | None,
    ) -> None:
        self._claim = claim
        self._simulator = simulator
        self._supporter = supporter
        self._critic = critic
        self._settling = settling

    async def write(self, item: GenerationItem) -> None:
        """Write what is missing of one dialogue. Raises Waits where an endpoint does not answer;
        the dialogue waits then, as far as it is."""
        dialogue, said = await in_db(_dialogue_so_far, self._claim, item)
        try:
            await self._talk(item, dialogue, said)
        except NoTurn as reason:
            await self._not_written(item, reason)
        except CriticFailed as reason:
            await self._not_judged(item, reason)
        except Dropped as reason:
            await in_db(_end, self._claim, item, str(reason), drop_reason=reason.reason)
        else:
            await in_db(self._keep, item, dialogue)
        if self._settling is not None:
            await in_db(self._settling.go_on)

    async def _talk(self, item: GenerationItem, dialogue: Dialogue, said: list[SaidTurn]) -> None:
        plan = _plan(self._claim.run, item)
        if self._critic is not None:
            await in_db(_drop_where_it_jumps, dialogue)
            if await in_db(is_solved, dialogue):
                return
        turns = converse(plan, said, simulator=self._simulator, reply=self._reply(plan, dialogue))
        async for turn in turns:
            if self._critic is None or turn.speaker == "seeker":
                await in_db(keeping.keep_turn, self._claim, dialogue, turn)
            else:
                # The critic has kept it together with its verdict.
                await in_db(_drop_where_it_jumps, dialogue)

    def _reply(self, plan: Plan, dialogue: Dialogue) -> Reply:
        if self._critic is not None:
            return partial(self._critic.reply, plan, dialogue)
        return partial(ask_supporter, plan, complete=self._supporter)

    def _keep(self, item: GenerationItem, dialogue: Dialogue) -> None:
        if self._settling is not None:
            self._settling.written(item)
            return
        with self._claim.writing():
            seal(item, dialogue)
            live.publish(self._claim.run.topic)

    async def _not_written(self, item: GenerationItem, reason: NoTurn) -> None:
        gone = reason.cause if isinstance(reason.cause, CircuitOpen) else None
        if reason.cause is not None:
            self._claim.note_server_error(reason.cause.server_error)
        await in_db(_keep_failure, self._claim, item, reason, is_final=gone is None)
        if gone is not None:
            endpoint = _endpoint_of(self._claim.run, reason.speaker)
            raise _keeps_failing(endpoint, gone.reason) from reason

    async def _not_judged(self, item: GenerationItem, reason: CriticFailed) -> None:
        if reason.endpoint is not None and reason.given_up:
            raise _keeps_failing(reason.endpoint, reason.given_up) from reason
        await in_db(_end, self._claim, item, str(reason))


async def _open_writer(claim: Claim[GenerationRun], stack: AsyncExitStack) -> _Writer:
    """The models that a run asks, one client for each endpoint, closed with the stack."""
    run, row = claim.run, await in_db(_critic_of, claim.run)
    clients: dict[UUID, ModelClient] = {}

    async def client_of(endpoint: Endpoint) -> ModelClient:
        if endpoint.pk not in clients:
            client = open_client(endpoint, run=run)
            clients[endpoint.pk] = await stack.enter_async_context(client)
        return clients[endpoint.pk]

    seeker_at, supporter_at = await in_db(_endpoints, claim)
    simulator = (await client_of(seeker_at)).complete
    supporter = (await client_of(supporter_at)).complete
    if row is None:
        return _Writer(claim, simulator, supporter, None, None)
    settling = await in_db(Settling, claim)
    if row.judge.endpoint is None:
        critic = Critic(claim, row, await in_db(load_learned, row.judge), supporter, None)
    else:
        complete = (await client_of(row.judge.endpoint)).complete
        critic = Critic(claim, row, asking(row.judge, complete), supporter, complete)
    return _Writer(claim, simulator, supporter, critic, settling)


def _endpoints(claim: Claim[GenerationRun]) -> tuple[Endpoint, Endpoint]:
    return claim.run.simulator, claim.run.supporter


def _critic_of(run: GenerationRun) -> GenerationCritic | None:
    rows = GenerationCritic.objects.filter(run=run)
    return rows.select_related("spec", "judge__endpoint", "judge__artefact").first()


def _keeps_failing(endpoint: Endpoint, reason: str) -> Waits:
    return away(endpoint, reason, saved="turns")


def _plan(run: GenerationRun, item: GenerationItem) -> Plan:
    return Plan(
        profile=item.profile.text,
        situation=item.situation,
        emotion=item.emotion,
        exchanges=run.exchanges,
        temperature=run.temperature,
        seed=run.seed * 1_000_003 + item.position,
    )


def _waiting(claim: Claim[GenerationRun]) -> list[GenerationItem]:
    """What is left to write; dialogues that failed before are tried again."""
    items = claim.run.items
    with claim.writing():
        items.filter(state=GenerationItem.State.FAILED).update(
            state=GenerationItem.State.WAITING, error="", ended_at=None
        )
    waiting = items.filter(state=GenerationItem.State.WAITING).order_by("position")
    return list(waiting.select_related("profile", "dialogue"))


def _dialogue_so_far(
    claim: Claim[GenerationRun], item: GenerationItem
) -> tuple[Dialogue, list[SaidTurn]]:
    if item.dialogue is not None:
        turns = item.dialogue.turns.order_by("position")
        return item.dialogue, [{"role": turn.role, "text": turn.text} for turn in turns]
    run = claim.run
    with claim.writing():
        split_key = split_key_of(item.profile)
        dialogue = Dialogue.objects.create(
            project_id=run.project_id,
            number=next_number(run.project, "dialogue"),
            source=SOURCE,
            source_key=f"{run.pk}:{item.position}",
            profile=item.profile,
            situation=item.situation,
            emotion=item.emotion,
            emotion_label=item.emotion,
            split_key=split_key,
            split=split_for(run.project, split_key),
        )
        GenerationItem.objects.filter(pk=item.pk).update(dialogue=dialogue)
    return dialogue, []


def _drop_where_it_jumps(dialogue: Dialogue) -> None:
    """Raises Dropped where the emotions that the supporter named so far jump."""
    replies = dialogue.turns.filter(role="supporter").order_by("position")
    if words := emotion_jump(list(replies.values_list("emotion", flat=True))):
        raise Dropped(GenerationItem.Drop.EMOTION, words)


def _endpoint_of(run: GenerationRun, speaker: Speaker) -> Endpoint:
    return run.simulator if speaker == "seeker" else run.supporter


def _keep_failure(
    claim: Claim[GenerationRun], item: GenerationItem, reason: NoTurn, *, is_final: bool
) -> None:
    """The calls that gave no turn; they stay with the dialogue's plan."""
    with claim.writing():
        keeping.keep_calls(claim.run, reason.speaker, reason.calls, item.pk)
        if is_final:
            keeping.end_item(item, GenerationItem.State.FAILED, storable(str(reason)))
        live.publish(claim.run.topic)


def _end(
    claim: Claim[GenerationRun], item: GenerationItem, error: str, *, drop_reason: str = ""
) -> None:
    """Failed, or dropped where there is a reason for that."""
    state = GenerationItem.State.DROPPED if drop_reason else GenerationItem.State.FAILED
    with claim.writing():
        keeping.end_item(item, state, storable(error), drop_reason=drop_reason)
        live.publish(claim.run.topic)


def _fail_if_nothing_was_made(claim: Claim[GenerationRun]) -> None:
    """What was dropped was made."""
    items = claim.run.items
    made = (GenerationItem.State.DONE, GenerationItem.State.DROPPED)
    if not items.filter(state__in=made).exists():
        failed = items.filter(state=GenerationItem.State.FAILED).count()
        raise RunFailed(f"No dialogue was finished: {failed} failed. {claim.why_nothing_came()}")
