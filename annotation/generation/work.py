"""A generation run's work: two models write, every turn is kept at once."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import UUID

from django.utils import timezone

from annotation.corpus.services import split_for, split_key_of
from annotation.generation.prompts import Turn as SaidTurn
from annotation.generation.services import SOURCE
from annotation.generation.synthesis import Complete, GeneratedTurn, NoTurn, Plan, Speaker, converse
from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from webapp.accounts.numbers import next_number
from webapp.llm.call_record import CallRecord
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import open_client
from webapp.llm.errors import CircuitOpen
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async, while_held
from webapp.text import storable

# Dialogues under way at once; each endpoint's own limit holds beside it.
IN_FLIGHT = 16


def work(run_id: str) -> None:
    """Write what is planned and not yet written. For a worker."""
    with claimed(GenerationRun, run_id) as claim:
        if claim is not None:
            run_async(_write_dialogues(claim))


async def _write_dialogues(claim: Claim[GenerationRun]) -> None:
    run = claim.run
    # One iterator for all: each takes the next dialogue when it has finished one.
    queue = iter(await in_db(_waiting, claim))
    seeker_at, supporter_at = await in_db(_endpoints, claim)
    given_up: list[RunFailed] = []
    async with AsyncExitStack() as stack:
        seeker = supporter = await stack.enter_async_context(open_client(seeker_at, run=run))
        if supporter_at != seeker_at:
            supporter = await stack.enter_async_context(open_client(supporter_at, run=run))

        async def take_turns() -> None:
            for item in queue:
                try:
                    await _write_dialogue(claim, item, seeker.complete, supporter.complete)
                except RunFailed as reason:
                    # The others end by themselves at their next turn, and keep what they asked.
                    given_up.append(reason)
                    return

        await while_held(claim, *(take_turns() for _ in range(IN_FLIGHT)))
    if given_up:
        raise given_up[0]
    await in_db(_fail_if_nothing_was_made, claim)


async def _write_dialogue(
    claim: Claim[GenerationRun],
    item: GenerationItem,
    simulator: Complete,
    supporter: Complete,
) -> None:
    """Write what is missing of one dialogue. Raises RunFailed where an endpoint is given up; the
    dialogue waits then, as far as it is."""
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
    except NoTurn as reason:
        gone = reason.cause if isinstance(reason.cause, CircuitOpen) else None
        await in_db(_keep_failure, claim, item, reason, is_final=gone is None)
        if gone is not None:
            name = _endpoint_of(run, reason.speaker).name
            raise RunFailed(
                f"The endpoint “{name}” keeps failing. {gone.reason} Resume the run when it "
                "answers."
            ) from reason
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


def _keep_turn(claim: Claim[GenerationRun], dialogue: Dialogue, turn: GeneratedTurn) -> None:
    run = claim.run
    with claim.writing():
        made = Turn.objects.create(
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
        _keep_calls(run, turn.speaker, turn.calls, made.pk)
        live.publish(run.topic)


def _keep_calls(
    run: GenerationRun, speaker: Speaker, calls: Sequence[CallRecord], made_for: UUID
) -> None:
    purpose = ModelCall.Purpose.SIMULATOR if speaker == "seeker" else ModelCall.Purpose.SUPPORTER
    ModelCall.objects.bulk_create(
        call_rows(
            calls,
            endpoint=_endpoint_of(run, speaker),
            purpose=purpose,
            made_for=made_for,
            run=run,
        )
    )


def _endpoint_of(run: GenerationRun, speaker: Speaker) -> Endpoint:
    return run.simulator if speaker == "seeker" else run.supporter


def _seal(claim: Claim[GenerationRun], item: GenerationItem, dialogue: Dialogue) -> None:
    now = timezone.now()
    with claim.writing():
        Dialogue.objects.filter(pk=dialogue.pk, sealed_at=None).update(sealed_at=now)
        _end_item(item, GenerationItem.State.DONE)
        live.publish(claim.run.topic)


def _keep_failure(
    claim: Claim[GenerationRun], item: GenerationItem, reason: NoTurn, *, is_final: bool
) -> None:
    """The calls that gave no turn; they stay with the dialogue's plan."""
    with claim.writing():
        _keep_calls(claim.run, reason.speaker, reason.calls, item.pk)
        if is_final:
            _end_item(item, GenerationItem.State.FAILED, storable(str(reason)))
        live.publish(claim.run.topic)


def _end_item(item: GenerationItem, state: str, error: str = "") -> None:
    GenerationItem.objects.filter(pk=item.pk, state=GenerationItem.State.WAITING).update(
        state=state, error=error, ended_at=timezone.now()
    )


def _fail_if_nothing_was_made(claim: Claim[GenerationRun]) -> None:
    items = claim.run.items
    if not items.filter(state=GenerationItem.State.DONE).exists():
        first = items.filter(state=GenerationItem.State.FAILED).first()
        reason = first.error if first else "No dialogues were planned."
        raise RunFailed(f"No dialogue could be finished. The first reason: {reason}")
