"""Start difficulty runs, and make sets of the prompts that they found easy or hard."""

from collections.abc import Mapping

from django.db import transaction

from annotation.corpus.set_query import SetQuery
from annotation.difficulty.limits import MAX_TOKENS, PROMPTS, REPLIES, TEMPERATURE
from annotation.generation.critics import CriticChoice, require_usable
from annotation.generation.refinement import default_thresholds
from annotation.models import Collection, DifficultyPrompt, DifficultyRun, Snapshot
from annotation.models.corpus import Split
from annotation.models.difficulty import DIFFICULTIES
from annotation.sets.services import collection_create, freeze_split
from rubrics.models import Judge, RubricVersion
from rubrics.queries import spec_of
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.db import one_at_a_time
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs import services as runs

_BATCH = 5_000


def difficulty_start(
    *,
    project: Project,
    actor: User,
    key: str,
    collection: Collection,
    prompts: int,
    endpoint: Endpoint,
    version: RubricVersion,
    judge: Judge,
    thresholds: Mapping[str, int] | None = None,
    split: str = Split.TRAIN,
    replies: int = REPLIES.default,
    max_tokens: int = MAX_TOKENS.default,
    temperature: float = TEMPERATURE.default,
    seed: int = SEED.default,
) -> DifficultyRun:
    """Freeze prompts of one split of a set, and queue `replies` replies to each with a verdict on
    every one. `thresholds` are PASS levels by uid; a criterion that is left out has the default
    one. The same `key` again returns the run that is there.

    Raises Refused for numbers outside their limits, an endpoint that is not the project's, a
    version or a judge that can't judge turns, and a set without texts in the split."""
    require_open(project)
    PROMPTS.require(prompts)
    REPLIES.require(replies)
    MAX_TOKENS.require(max_tokens)
    TEMPERATURE.require(temperature)
    SEED.require(seed)
    _require_prompts(collection, split)
    if endpoint.project_id != project.pk or endpoint.archived_at is not None:
        raise Refused("Choose an endpoint of this project.", code="no_endpoint")
    levels = dict(thresholds or {})
    require_usable(CriticChoice(version, judge, levels), project)
    with transaction.atomic():
        known = runs.started_before(DifficultyRun, project=project, key=key)
        if known is not None:
            return known
        snapshot = freeze_split(collection, Split(split), actor=actor, seed=seed, limit=prompts)
        run = runs.start(
            DifficultyRun,
            project=project,
            actor=actor,
            key=key,
            collection=collection,
            split=split,
            snapshot=snapshot,
            endpoint=endpoint,
            version=version,
            spec=version.spec,
            judge=judge,
            thresholds={**default_thresholds(spec_of(version)), **levels},
            replies=replies,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )
        _plan(run, snapshot)
    return run


def _require_prompts(collection: Collection, split: str) -> None:
    if split not in Split.values:
        raise Refused("The split must be train, validation or test.", code="split")
    if "split" in collection.query:
        raise Refused(
            f"“{collection.name}” has one split only. Choose a set with all splits.", code="split"
        )


def _plan(run: DifficultyRun, snapshot: Snapshot) -> None:
    members = snapshot.members.order_by("position").values_list("position", "target_id")
    DifficultyPrompt.objects.bulk_create(
        (
            DifficultyPrompt(
                project_id=run.project_id,
                run=run,
                position=position,
                target_id=target,
                k=run.replies,
            )
            for position, target in members
        ),
        batch_size=_BATCH,
    )


def set_create(*, run: DifficultyRun, actor: User, difficulty: str) -> Collection:
    """The set of the prompts that a run found easy or hard. The same again returns the set that
    is there. Raises Refused before the run has ended, and where it found none."""
    if difficulty not in DIFFICULTIES:
        raise Refused("The difficulty must be easy or hard.", code="difficulty")
    if not run.is_ended:
        raise Refused(f"{run} is still running. Wait until it has ended.", code="not_ended")
    if not run.prompts.filter(DIFFICULTIES[difficulty]).exists():
        raise Refused(f"{run} found no {difficulty} prompts.", code="empty")
    query = SetQuery(difficulty_run=str(run.pk), difficulty=difficulty)
    with transaction.atomic():
        # Of two at once, the second one waits here and finds the set of the first. The run's own
        # row stays free: who resumes it holds the place of a new run, which others wait for.
        one_at_a_time(f"difficulty set/{run.pk}")
        known = Collection.objects.filter(project=run.project, query=query.to_json())
        return known.order_by("number").first() or collection_create(
            project=run.project,
            actor=actor,
            name=f"{run}: {difficulty} prompts",
            query=query,
        )
