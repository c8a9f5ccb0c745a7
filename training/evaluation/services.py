"""Start evaluations: frozen prompts, the systems that answer them, the judges that score."""

from collections.abc import Sequence

from django.db import transaction

from annotation.models import Collection, Snapshot
from annotation.models.corpus import Split
from annotation.sets.services import freeze_split
from rubrics.models import Judge, RubricVersion
from training.checks import require_scoring
from training.evaluation.limits import (
    CORPUS,
    JUDGES,
    MAX_TOKENS,
    PROMPTS,
    SYSTEMS,
    TEMPERATURE,
)
from training.models import (
    Answer,
    Checkpoint,
    EvaluatedSystem,
    EvaluationJudge,
    EvaluationRun,
    TrainingRun,
)
from training.reward_judges import require_another, rewards_behind, rewards_of
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs import services as runs
from webapp.runs.models import Run


def evaluation_start(
    *,
    project: Project,
    actor: User,
    key: str,
    collection: Collection,
    prompts: int,
    version: RubricVersion,
    judges: Sequence[Judge],
    endpoints: Sequence[Endpoint],
    with_corpus: bool,
    max_tokens: int = MAX_TOKENS.default,
    temperature: float = TEMPERATURE.default,
    seed: int = SEED.default,
) -> EvaluationRun:
    """Freeze prompts of the test split of a set, and queue their answers and scores. The same
    `key` again returns the evaluation that is there. Raises what `evaluation_start_on` does, and
    Refused for a set without a test split; nothing is frozen then."""
    require_open(project)
    PROMPTS.require(prompts)
    with transaction.atomic():
        known = runs.started_before(EvaluationRun, project=project, key=key)
        if known is not None:
            return known
        return evaluation_start_on(
            project=project,
            actor=actor,
            key=key,
            snapshot=freeze_split(collection, Split.TEST, actor=actor, seed=seed, limit=prompts),
            version=version,
            judges=judges,
            endpoints=endpoints,
            with_corpus=with_corpus,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )


def evaluation_start_on(
    *,
    project: Project,
    actor: User,
    key: str,
    snapshot: Snapshot,
    version: RubricVersion,
    judges: Sequence[Judge],
    endpoints: Sequence[Endpoint],
    with_corpus: bool,
    max_tokens: int,
    temperature: float,
    seed: int,
    training: TrainingRun | None = None,
    replaces: Run | None = None,
) -> EvaluationRun:
    """Queue the answers of these systems to the prompts of a snapshot, and the judges' scores.
    `training` is the run that ends with it; `replaces` as in `runs.start`. The same `key` again
    returns the evaluation that is there.

    Raises Refused for numbers outside their limits, a removed endpoint, a version or a judge
    that can't score turns, and where every judge is the reward of a training run: a model is not
    measured by what it was trained on alone."""
    judges, endpoints = list(dict.fromkeys(judges)), list(dict.fromkeys(endpoints))
    SYSTEMS.require(len(endpoints) + with_corpus)
    JUDGES.require(len(judges))
    MAX_TOKENS.require(max_tokens)
    TEMPERATURE.require(temperature)
    SEED.require(seed)
    _require_systems(endpoints, with_corpus=with_corpus)
    for judge in judges:
        require_scoring(version, judge)
    rewards = reward_judges(project, endpoints)
    require_another(judges, rewards)
    with transaction.atomic():
        known = runs.started_before(EvaluationRun, project=project, key=key)
        if known is not None:
            return known
        run = runs.start(
            EvaluationRun,
            project=project,
            actor=actor,
            key=key,
            replaces=replaces,
            training=training,
            snapshot=snapshot,
            version=version,
            spec=version.spec,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )
        EvaluationJudge.objects.bulk_create(
            EvaluationJudge(project=project, run=run, judge=judge, is_reward=judge.hash in rewards)
            for judge in judges
        )
        _plan_answers(run, snapshot, _systems(run, endpoints, with_corpus=with_corpus))
    return run


def _require_systems(endpoints: Sequence[Endpoint], *, with_corpus: bool) -> None:
    if removed := [endpoint.name for endpoint in endpoints if endpoint.archived_at]:
        raise Refused(f"The endpoint {removed[0]} has been removed.", code="no_endpoint")
    if with_corpus and any(endpoint.name == CORPUS for endpoint in endpoints):
        raise Refused(
            f"One endpoint is called “{CORPUS}”, which stands for the corpus here. Rename it.",
            code="name",
        )


def reward_judges(project: Project, endpoints: Sequence[Endpoint]) -> set[str]:
    """The hashes of the judges whose scores trained the models behind these endpoints. Where
    nobody knows which checkpoint an endpoint serves, every judge that rewarded a run of the
    project."""
    checkpoints = Checkpoint.objects.filter(project=project, endpoint__in=endpoints)
    if checkpoints.count() < len(endpoints):
        return rewards_of(TrainingRun.objects.filter(project=project))
    return rewards_behind(checkpoints)


def _systems(
    run: EvaluationRun, endpoints: Sequence[Endpoint], *, with_corpus: bool
) -> list[EvaluatedSystem]:
    named: list[tuple[str, Endpoint | None]] = [(each.name, each) for each in endpoints]
    if with_corpus:
        named.append((CORPUS, None))
    return EvaluatedSystem.objects.bulk_create(
        EvaluatedSystem(
            project=run.project, run=run, position=position, name=name, endpoint=endpoint
        )
        for position, (name, endpoint) in enumerate(named)
    )


def _plan_answers(
    run: EvaluationRun, snapshot: Snapshot, systems: Sequence[EvaluatedSystem]
) -> None:
    """A row for each prompt of each system. A supporter turn without a seeker's turn before it
    is no prompt."""
    turns = snapshot.members.filter(target__turn__position__gt=0)
    prompts = list(turns.order_by("position").values_list("target_id", flat=True))
    if not prompts:
        raise Refused("The set has no supporter turns that answer a seeker.", code="no_prompts")
    Answer.objects.bulk_create(
        (
            Answer(project=run.project, system=system, prompt_id=prompt, position=position)
            for system in systems
            for position, prompt in enumerate(prompts)
        ),
        batch_size=2000,
    )
