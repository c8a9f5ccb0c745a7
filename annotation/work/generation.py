"""A generation run's work: two models write, every turn is kept at once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from django.utils import timezone

from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from annotation.prompts import Turn as SaidTurn
from annotation.services.corpus import split_for, split_key_of
from annotation.services.generation import SOURCE
from annotation.synthesis import Complete, EmptyTurn, MadeTurn, Plan, converse
from rubrics.text import storable
from webapp.accounts.numbers import next_number
from webapp.llm.calls import open_client
from webapp.llm.client import CircuitOpen, Completion, ModelError
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async, while_held

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
    seeker_at, supporter_at = await in_db(_endpoints, claim)
    async with AsyncExitStack() as stack:
        simulator = supporter = await stack.enter_async_context(_voice(seeker_at))
        if supporter_at != seeker_at:
            supporter = await stack.enter_async_context(_voice(supporter_at))

        async def take_turns() -> None:
            for item in queue:
                await _write_dialogue(claim, item, simulator, supporter)

        await while_held(claim, *(take_turns() for _ in range(IN_FLIGHT)))
    await in_db(_fail_if_nothing_was_made, claim)


@asynccontextmanager
async def _voice(endpoint: Endpoint) -> AsyncIterator[Complete]:
    """One endpoint as a voice. One that fails again and again ends the run, with its name."""
    async with open_client(endpoint) as client:

        async def complete(messages: Sequence[Any], **sampling: Any) -> Completion:
            try:
                return await client.complete(messages, **sampling)
            except CircuitOpen as error:
                raise RunFailed(
                    f"The endpoint “{endpoint.name}” fails again and again. {error.reason} "
                    "Go on when it answers."
                ) from error

        yield complete


async def _write_dialogue(
    claim: Claim[GenerationRun],
    item: GenerationItem,
    simulator: Complete,
    supporter: Complete,
) -> None:
    run = claim.run
    dialogue, said = await in_db(_dialogue_so_far, claim, item)
    plan = Plan(
        profile=item.profile.text,
        situation=item.situation,
        emotion=item.emotion,
        exchanges=run.exchanges,
        temperature=run.temperature,
        seed=run.seed * 1_000_003 + item.position,
    )
    try:
        turns = converse(plan, said, simulator=simulator, supporter=supporter)
        async for turn in turns:
            await in_db(_keep_turn, claim, dialogue, turn)
    except (ModelError, EmptyTurn) as error:
        await in_db(_fail_item, claim, item, storable(str(error)))
    else:
        await in_db(_seal, claim, item, dialogue)


def _endpoints(claim: Claim[GenerationRun]) -> tuple[Endpoint, Endpoint]:
    return claim.run.simulator, claim.run.supporter


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


def _keep_turn(claim: Claim[GenerationRun], dialogue: Dialogue, turn: MadeTurn) -> None:
    run = claim.run
    supporter = turn.speaker == "supporter"
    completion = turn.completion
    with claim.writing():
        Turn.objects.create(
            project_id=run.project_id,
            dialogue=dialogue,
            position=turn.position,
            role=turn.speaker,
            text=turn.text,
            understanding=turn.spans.get("understanding", ""),
            reasoning=turn.spans.get("reasoning", ""),
            emotion=turn.spans.get("emotion", ""),
            raw=turn.raw,
        )
        ModelCall.objects.create(
            project_id=run.project_id,
            endpoint=run.supporter if supporter else run.simulator,
            purpose=ModelCall.Purpose.SUPPORTER if supporter else ModelCall.Purpose.SIMULATOR,
            run_kind=run.kind,
            run_id=run.pk,
            request=turn.request,
            reply=turn.raw,
            latency_ms=getattr(completion, "latency_ms", None),
            prompt_tokens=getattr(completion, "prompt_tokens", 0) or 0,
            completion_tokens=getattr(completion, "completion_tokens", 0) or 0,
        )
        live.publish(run.topic)


def _seal(claim: Claim[GenerationRun], item: GenerationItem, dialogue: Dialogue) -> None:
    now = timezone.now()
    with claim.writing():
        Dialogue.objects.filter(pk=dialogue.pk, sealed_at=None).update(sealed_at=now)
        _end_item(item, GenerationItem.State.DONE)
        live.publish(claim.run.topic)


def _fail_item(claim: Claim[GenerationRun], item: GenerationItem, reason: str) -> None:
    with claim.writing():
        _end_item(item, GenerationItem.State.FAILED, reason)
        live.publish(claim.run.topic)


def _end_item(item: GenerationItem, state: str, error: str = "") -> None:
    GenerationItem.objects.filter(pk=item.pk, state=GenerationItem.State.WAITING).update(
        state=state, error=error, ended_at=timezone.now()
    )


def _fail_if_nothing_was_made(claim: Claim[GenerationRun]) -> None:
    items = claim.run.items
    if not items.filter(state=GenerationItem.State.DONE).exists():
        first = items.filter(state=GenerationItem.State.FAILED).first()
        reason = first.error if first else "Nothing was planned."
        raise RunFailed(f"No dialogue could be finished. The first reason: {reason}")
