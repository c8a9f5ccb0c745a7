"""Generation runs: plan dialogues, let two models write them, keep every turn at once."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

from django.db import connection, transaction
from django.utils import timezone
from webapp.llm.services import open_client

from annotation.formats.emotions import EMOTIONS
from annotation.models import (
    Collection,
    Dialogue,
    GenerationItem,
    GenerationRun,
    Profile,
    Turn,
)
from annotation.prompts import Turn as SaidTurn
from annotation.services.corpus import split_for
from annotation.synthesis import EmptyTurn, MadeTurn, Plan, converse
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.errors import Refused
from webapp.llm.client import CircuitOpen, ModelClient, ModelError
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import live
from webapp.runs import services as runs
from webapp.runs.work import Claim, RunFailed, claimed, in_db

SOURCE = "generation"
MAX_DIALOGUES = 10_000
MAX_EXCHANGES = 10
# Dialogues under way at once; each endpoint's own limit holds beside it.
IN_FLIGHT = 16


def generation_start(
    *,
    project: Project,
    actor: User,
    key: str,
    supporter: Endpoint,
    simulator: Endpoint,
    count: int,
    emotions: Sequence[str],
    situations: Sequence[str] = (),
    exchanges: int = 4,
    temperature: float = 0.8,
    seed: int = 0,
) -> GenerationRun:
    """Plan `count` dialogues and queue the run. Situations that are not given are taken from
    the project's dialogues of the same emotion; profiles are all of the project's.

    The same `key` returns the run that is there. Raises Refused where nothing can be planned."""
    if not 1 <= count <= MAX_DIALOGUES:
        raise Refused(f"Plan between 1 and {MAX_DIALOGUES:,} dialogues.", code="count")
    if not 1 <= exchanges <= MAX_EXCHANGES:
        raise Refused(f"A dialogue has between 1 and {MAX_EXCHANGES} exchanges.", code="exchanges")
    if not 0 <= temperature <= 2:
        raise Refused("The temperature is between 0 and 2.", code="temperature")
    unknown = sorted(set(emotions) - set(EMOTIONS))
    if unknown or not emotions:
        raise Refused(
            f"Choose emotions among the 32 labels; {', '.join(unknown) or 'none'} was given.",
            code="emotions",
        )
    with transaction.atomic():
        collection = Collection.objects.create(
            project=project, number=next_number(project, "collection"), name="", created_by=actor
        )
        run = runs.start(
            GenerationRun,
            project=project,
            actor=actor,
            key=key,
            supporter=supporter,
            simulator=simulator,
            exchanges=exchanges,
            temperature=temperature,
            seed=seed,
            collection=collection,
        )
        if run.collection_id != collection.pk:
            collection.delete()
            return run
        collection.name = f"Generation {run.number}"
        collection.query = {"generation_run": str(run.pk)}
        collection.save(update_fields=["name", "query"])
        plan = _plan(project, emotions=emotions, situations=situations, seed=seed)
        GenerationItem.objects.bulk_create(
            (
                GenerationItem(
                    project=project,
                    run=run,
                    position=position,
                    profile_id=profile,
                    emotion=emotion,
                    situation=situation,
                )
                for position, (profile, emotion, situation) in zip(range(count), plan, strict=False)
            ),
            batch_size=1000,
        )
    return run


def _plan(
    project: Project, *, emotions: Sequence[str], situations: Sequence[str], seed: int
) -> Iterator[tuple[object, str, str]]:
    """(profile id, emotion, situation) without end: emotions in turn, the rest drawn by `seed`."""
    profiles = list(
        Profile.objects.filter(project=project).order_by("number").values_list("pk", flat=True)
    )
    if not profiles:
        raise Refused("The project has no profiles yet. Import dialogues first.", code="profiles")
    typed = [text.strip() for text in situations if text.strip()]
    known: dict[str, list[str]] = {emotion: list(typed) for emotion in emotions}
    if not typed:
        rows = (
            Dialogue.objects.filter(project=project, emotion_label__in=emotions)
            .exclude(situation="")
            .exclude(source=SOURCE)
            .order_by("emotion_label", "situation")
            .values_list("emotion_label", "situation")
            .distinct()
        )
        for emotion, situation in rows:
            known[str(emotion)].append(situation)
    missing = [emotion for emotion in emotions if not known[emotion]]
    if missing:
        raise Refused(
            f"There is no situation for {', '.join(missing)}. Type situations, or leave it out.",
            code="situations",
        )
    rng = random.Random(f"plan/{seed}")  # noqa: S311  (a plan, not a secret)
    while True:
        for emotion in emotions:
            yield rng.choice(profiles), emotion, rng.choice(known[emotion])


def work(run_id: str) -> None:
    """Write what is planned and not yet written. For a worker."""
    with claimed(GenerationRun, run_id) as claim:
        if claim is not None:
            asyncio.run(_write_dialogues(claim))


async def _write_dialogues(claim: Claim[GenerationRun]) -> None:
    try:
        waiting = await in_db(_waiting, claim)
        async with AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(open_client(claim.run.simulator))
            supporter = await stack.enter_async_context(open_client(claim.run.supporter))
            queue = iter(waiting)

            async def take_turns() -> None:
                for item in queue:
                    claim.check()
                    await _write_dialogue(claim, item, simulator, supporter)

            await asyncio.gather(*(take_turns() for _ in range(IN_FLIGHT)))
        await in_db(_fail_if_nothing_was_made, claim)
    finally:
        await in_db(connection.close)


async def _write_dialogue(
    claim: Claim[GenerationRun],
    item: GenerationItem,
    simulator: ModelClient,
    supporter: ModelClient,
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
        turns = converse(plan, said, simulator=simulator.complete, supporter=supporter.complete)
        async for turn in turns:
            claim.check()
            await in_db(_keep_turn, claim, dialogue, turn)
    except CircuitOpen as error:
        raise RunFailed(f"{error} What was written is kept; go on when it answers.") from error
    except (ModelError, EmptyTurn) as error:
        await in_db(_fail_item, claim, item, str(error))
    else:
        await in_db(_seal, claim, item, dialogue)


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
        split_key = f"profile:{item.profile_id}"
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
            emotion=turn.spans.get("emotion", "")[:200],
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
