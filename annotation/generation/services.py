"""Start generation runs: plan dialogues from profiles, emotions and situations."""

import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from annotation.corpus.set_query import SetQuery
from annotation.formats.emotions import EMOTIONS
from annotation.generation.critics import CriticChoice, critic_add, require_usable
from annotation.generation.limits import COUNT, EXCHANGES, TEMPERATURE, read_situations
from annotation.generation.queries import with_situations
from annotation.models import Collection, GenerationItem, GenerationRun, Profile
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs import services as runs


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
    exchanges: int = EXCHANGES.default,
    temperature: float = TEMPERATURE.default,
    seed: int = SEED.default,
    critic: CriticChoice | None = None,
) -> GenerationRun:
    """Plan `count` dialogues and queue the run. Situations that are not given are taken from
    the project's dialogues of the same emotion; profiles are all of the project's. With a `critic`
    each reply is judged and revised until it passes.

    The same `key` returns the run that is there. Raises Refused where nothing can be planned."""
    COUNT.require(count)
    EXCHANGES.require(exchanges)
    TEMPERATURE.require(temperature)
    SEED.require(seed)
    typed = read_situations(situations)
    unknown = sorted(set(emotions) - set(EMOTIONS))
    if unknown or not emotions:
        raise Refused(
            f"Choose emotions from the list of 32. You gave: {', '.join(unknown) or 'none'}.",
            code="emotions",
        )
    for endpoint in (supporter, simulator):
        if endpoint.project_id != project.pk or endpoint.archived_at is not None:
            raise Refused("Choose endpoints from this project.", code="endpoint")
    if critic is not None:
        require_usable(critic, project)
    with transaction.atomic():
        known = runs.started_before(GenerationRun, project=project, key=key)
        if known is not None:
            return known
        run_id = new_id()
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
            id=run_id,
            collection=Collection.objects.create(
                project=project,
                number=next_number(project, "collection"),
                query=SetQuery(generation_run=str(run_id)).to_json(),
                created_by=actor,
            ),
        )
        Collection.objects.filter(pk=run.collection_id).update(name=str(run))
        if critic is not None:
            critic_add(run, critic)
        plan = _plan(project, emotions=emotions, situations=typed, seed=seed)
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
) -> Iterator[tuple[UUID, str, str]]:
    """(profile id, emotion, situation) without end: emotions in turn, the rest drawn by `seed`."""
    profiles = list(
        Profile.objects.filter(project=project).order_by("number").values_list("pk", flat=True)
    )
    if not profiles:
        raise Refused("This project has no profiles yet. Import dialogues first.", code="profiles")
    known: dict[str, list[str]] = {emotion: list(situations) for emotion in emotions}
    if not situations:
        rows = (
            with_situations(project)
            .filter(emotion_label__in=emotions)
            .order_by("emotion_label", "situation")
            .values_list("emotion_label", "situation")
            .distinct()
        )
        for emotion, situation in rows:
            known[str(emotion)].append(situation)
    missing = [emotion for emotion in emotions if not known[emotion]]
    if missing:
        raise Refused(
            f"No situations found for: {', '.join(missing)}. Type some, or remove these emotions.",
            code="situations",
        )
    rng = random.Random(f"plan/{seed}")  # noqa: S311  (a plan, not a secret)
    while True:
        for emotion in emotions:
            yield rng.choice(profiles), emotion, rng.choice(known[emotion])
