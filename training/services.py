"""Start training runs; what ran is one folder that can run again without the studio."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation.corpus.set_query import SetQuery
from annotation.models import Collection, Snapshot
from annotation.models.corpus import Split
from annotation.sets.limits import shuffling
from annotation.sets.services import collection_create, freeze
from rubrics.core.spec import from_json
from rubrics.judges.queries import unfitted_criterion
from rubrics.models import Judge, RubricVersion
from training.limits import FRACTIONS, GRPO, HELD_OUT_PROMPTS, PROMPTS, shares
from training.models import Checkpoint, TrainingRun
from training.trainer.files import sha256_of
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs import services as runs

# The model that comes with the studio.
STARTER = settings.BASE_DIR / "training" / "starter" / "models" / "starter-sft"


def training_start_on_set(
    *,
    project: Project,
    actor: User,
    key: str,
    collection: Collection,
    prompts: int,
    held_out_prompts: int,
    base: Checkpoint,
    version: RubricVersion,
    judge: Judge,
    grpo: Mapping[str, float],
    reward: Mapping[str, float],
    seed: int = SEED.default,
) -> TrainingRun:
    """Freeze training and held-out prompts of a set, and queue a GRPO run on them. The same
    `key` again returns the run that is there. Raises what `training_start` does; nothing is
    frozen then."""
    require_open(project)
    PROMPTS.require(prompts)
    HELD_OUT_PROMPTS.require(held_out_prompts)
    with transaction.atomic():
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        train, held_out = freeze_for_training(
            collection=collection,
            actor=actor,
            prompts=prompts,
            held_out=held_out_prompts,
            seed=seed,
        )
        return training_start(
            project=project,
            actor=actor,
            key=key,
            base=base,
            train=train,
            held_out=held_out,
            version=version,
            judge=judge,
            grpo=grpo,
            reward=reward,
            seed=seed,
        )


def training_start(
    *,
    project: Project,
    actor: User,
    key: str,
    base: Checkpoint,
    train: Snapshot,
    held_out: Snapshot,
    version: RubricVersion,
    judge: Judge,
    grpo: Mapping[str, float],
    reward: Mapping[str, float],
    seed: int = SEED.default,
) -> TrainingRun:
    """Queue a GRPO run; `reward` has a weight for each part, which are kept as shares of 1.

    Raises Refused for a setting or a weight outside its range, weights that are all 0, a rubric
    that can't be a reward, a judge that can't score it, too few prompts, and data of the test
    split among the training prompts."""
    _require_numbers(grpo)
    SEED.require(seed)
    weights = shares(reward)
    _require_reward(version, judge)
    _require_splits(train, held_out)
    _require_prompts(train, held_out, per_step=int(grpo["prompts_per_step"]))
    return runs.start(
        TrainingRun,
        project=project,
        actor=actor,
        key=key,
        method=TrainingRun.Method.GRPO,
        base=base,
        train_snapshot=train,
        held_out_snapshot=held_out,
        version=version,
        spec=version.spec,
        judge=judge,
        settings={"grpo": settings_of(grpo), "reward": weights, "seed": seed},
        steps_total=int(grpo["steps"]),
    )


def freeze_for_training(
    *, collection: Collection, actor: User, prompts: int, held_out: int, seed: int
) -> tuple[Snapshot, Snapshot]:
    """(training prompts, held-out prompts) of a set: its train split and its test split, which
    share no profile."""
    train = _part(collection, actor, Split.TRAIN, seed=seed, limit=prompts)
    test = _part(collection, actor, Split.TEST, seed=seed, limit=held_out)
    return train, test


def checkpoint_register(
    *, project: Project, actor: User | None, name: str, folder: Path = STARTER
) -> Checkpoint:
    """Name weights that come from outside; the starter model's where no folder is named."""
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not weights:
        raise Refused(f"{folder} has no model with safetensors weights.", code="no_model")
    inside = folder.is_relative_to(settings.BASE_DIR)
    hashes = "".join(f"{path.name} {sha256_of(path)}\n" for path in weights)
    with transaction.atomic():
        row = Checkpoint.objects.create(
            project=project,
            number=next_number(project, "checkpoint"),
            name=name,
            path=str(folder.relative_to(settings.BASE_DIR) if inside else folder),
            sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        )
        audit.record("checkpoint.registered", actor=actor, object=row, number=row.number)
    return row


def settings_of(values: Mapping[str, Any]) -> dict[str, float]:
    """The GRPO settings among a form's or a request's values."""
    return {name: float(values[name]) if name in FRACTIONS else int(values[name]) for name in GRPO}


def _part(collection: Collection, actor: User, split: Split, *, seed: int, limit: int) -> Snapshot:
    """A split of a set, frozen: `limit` supporter turns drawn by the seed."""
    query = SetQuery.from_json(collection.query | {"split": split.value})
    known = Collection.objects.filter(project=collection.project, query=query.to_json()).first()
    part = known or collection_create(
        project=collection.project,
        actor=actor,
        name=f"{collection.name[:100]}, {split.label.lower()} split",
        query=query,
    )
    try:
        return freeze(collection=part, actor=actor, seed=shuffling(seed), limit=limit, kind="turn")
    except Refused as refusal:
        if refusal.code != "empty":
            raise
        raise Refused(
            f"“{collection.name}” has no texts in its {split.label.lower()} split. Training needs "
            "both a train and a test split. Choose a larger set.",
            code="empty_split",
        ) from None


def _require_numbers(grpo: Mapping[str, float]) -> None:
    if set(grpo) != set(GRPO):
        raise Refused(f"Give exactly these settings: {', '.join(GRPO)}.", code="settings")
    for name, setting in GRPO.items():
        setting.require(grpo[name])


def _require_reward(version: RubricVersion, judge: Judge) -> None:
    if version.status != RubricVersion.Status.PUBLISHED or version.spec is None:
        raise Refused(
            "Publish the version first. Training uses published versions only.",
            code="not_published",
        )
    spec = from_json(version.spec.content)
    if spec.target != "turn":
        raise Refused(
            f"{version} rates whole dialogues. Choose a version that rates turns.", code="target"
        )
    if judge.kind == Judge.Kind.LLM and (judge.endpoint is None or judge.endpoint.archived_at):
        raise Refused(f"The endpoint of {judge} has been removed.", code="no_endpoint")
    if criterion := unfitted_criterion(version, judge):
        raise Refused(
            f"{judge} was not fitted on the wording of “{criterion.name}” in {version}. "
            "Fit a judge on this version, or choose another judge.",
            code="not_fitted",
        )


def _require_splits(train: Snapshot, held_out: Snapshot) -> None:
    from_other = train.members.exclude(target__turn__dialogue__split=Split.TRAIN)
    if from_other.exists():
        raise Refused(
            "The training prompts contain data from the test or validation split.",
            code="test_split",
        )
    shared = train.members.filter(
        target__turn__dialogue__split_key__in=held_out.members.values(
            "target__turn__dialogue__split_key"
        )
    )
    if shared.exists():
        raise Refused(
            "Training and held-out prompts share profiles. Choose sets that don’t.",
            code="shared_profiles",
        )


def _require_prompts(train: Snapshot, held_out: Snapshot, *, per_step: int) -> None:
    """The worker leaves out turns without one of the 32 emotions; say so before the start."""
    for snapshot, needed, words in ((train, per_step, "training"), (held_out, 1, "held-out")):
        usable = snapshot.members.filter(target__turn__dialogue__emotion_label__isnull=False)
        found = usable.count()
        if found < needed:
            raise Refused(
                f"The set has {found} {words} prompts, but {needed} are needed. A prompt is a "
                "supporter turn in a dialogue with one of the 32 emotions.",
                code="too_few_prompts",
            )
