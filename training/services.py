"""Start training runs; what ran is one folder that can run again without the studio."""

import math
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from annotation.models import Collection, Snapshot
from annotation.models.corpus import Split
from annotation.services.sets import SetQuery, collection_create, freeze
from rubrics.models import Judge, RubricVersion
from training.models import Checkpoint, TrainingRun
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.runs import services as runs

REWARD_PARTS = ("format", "emotion", "rubric")
# (default, lowest, highest): the CPU preset, after what was measured to learn and not collapse.
NUMBERS: Mapping[str, tuple[float, float, float]] = {
    "steps": (60, 1, 100_000),
    "prompts_per_step": (4, 1, 256),
    "rollouts_per_prompt": (8, 2, 64),
    "learning_rate": (5e-5, 1e-8, 1e-2),
    "beta": (0.02, 0, 1),
    "max_completion_tokens": (320, 16, 4096),
    "temperature": (1.0, 0.1, 2),
    "save_every": (20, 1, 10_000),
}
FRACTIONS = ("learning_rate", "beta", "temperature")


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
    seed: int = 0,
) -> TrainingRun:
    """Queue a GRPO run. Raises Refused for a setting outside its range, a weight below zero,
    and data of the test split among the training prompts."""
    if version.spec is None:
        raise Refused("Publish the version first: the reward pins its text.", code="not_published")
    _require_numbers(grpo)
    _require_weights(reward)
    _require_splits(train, held_out)
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
        settings={"grpo": dict(grpo), "reward": dict(reward), "seed": seed},
        steps_total=int(grpo["steps"]),
    )


def freeze_for_training(
    *, collection: Collection, actor: User, prompts: int, held_out: int, seed: int
) -> tuple[Snapshot, Snapshot]:
    """(training prompts, held-out prompts) of a set: its train split and its test split, which
    share no profile."""
    train = freeze(
        collection=_part(collection, actor, Split.TRAIN), actor=actor, seed=seed + 1, limit=prompts
    )
    test = freeze(
        collection=_part(collection, actor, Split.TEST), actor=actor, seed=seed + 1, limit=held_out
    )
    return train, test


def checkpoint_register(
    *, project: Project, actor: User | None, name: str, path: str, sha256: str
) -> Checkpoint:
    """Name weights that come from outside, such as the starter model."""
    with transaction.atomic():
        row = Checkpoint.objects.create(
            project=project,
            number=next_number(project, "checkpoint"),
            name=name,
            path=path,
            sha256=sha256,
        )
        audit.record("checkpoint.registered", actor=actor, object=row, number=row.number)
    return row


def _part(collection: Collection, actor: User, split: Split) -> Collection:
    query = SetQuery.from_json(collection.query | {"split": split.value})
    known = Collection.objects.filter(project=collection.project, query=query.to_json()).first()
    return known or collection_create(
        project=collection.project,
        actor=actor,
        name=f"{collection.name[:100]}, {split.label.lower()} split",
        query=query,
    )


def _require_numbers(grpo: Mapping[str, float]) -> None:
    if set(grpo) != set(NUMBERS):
        raise Refused(f"The settings are exactly: {', '.join(NUMBERS)}.", code="settings")
    for name, (_, lowest, highest) in NUMBERS.items():
        value = grpo[name]
        if not math.isfinite(value) or not lowest <= value <= highest:
            words = name.replace("_", " ")
            raise Refused(f"The {words} is between {lowest:g} and {highest:g}.", code=name)


def _require_weights(reward: Mapping[str, float]) -> None:
    if set(reward) != set(REWARD_PARTS):
        raise Refused("The reward has the parts format, emotion and rubric.", code="reward")
    if any(not math.isfinite(weight) or weight < 0 for weight in reward.values()):
        raise Refused("A weight is zero or more.", code="reward")
    if sum(reward.values()) <= 0:
        raise Refused("At least one part of the reward needs a weight.", code="reward")


def _require_splits(train: Snapshot, held_out: Snapshot) -> None:
    from_test = train.members.filter(target__turn__dialogue__split=Split.TEST)
    if from_test.exists():
        raise Refused("The training prompts hold data of the test split.", code="test_split")
    shared = train.members.filter(
        target__turn__dialogue__split_key__in=held_out.members.values(
            "target__turn__dialogue__split_key"
        )
    )
    if shared.exists():
        raise Refused(
            "Training and held-out prompts share profiles; choose sets that do not.",
            code="shared_profiles",
        )


def settings_of(values: Mapping[str, Any]) -> dict[str, float]:
    """The GRPO settings among a form's or a request's values."""
    return {
        name: float(values[name]) if name in FRACTIONS else int(values[name]) for name in NUMBERS
    }
