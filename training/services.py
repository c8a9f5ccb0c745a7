"""Start training runs; what ran is one folder that can run again without the studio."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from annotation.corpus.set_query import SetQuery
from annotation.models import Collection, Snapshot
from annotation.models.corpus import Split
from annotation.sets.limits import shuffling
from annotation.sets.services import collection_create, freeze
from rubrics.core.spec import from_json
from rubrics.judges.queries import unfitted_criterion
from rubrics.models import Judge, RubricVersion
from training.checkpoints.contents import inspect
from training.limits import (
    FRACTIONS,
    GRPO,
    HELD_OUT_PROMPTS,
    LORA,
    MICRO_BATCH,
    PROMPTS,
    SFT,
    shares,
)
from training.models import Checkpoint, TrainingRun
from training.paths import root_of, weights_of
from training.trainer.files import sha256_of
from training.trainer.lengths import context_of
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.limits import SEED, Setting
from webapp.runs import services as runs

# The settings of a method, or of LoRA, by name.
Settings = Mapping[str, float]
METHODS: Mapping[str, Mapping[str, Setting]] = {"sft": SFT, "grpo": GRPO}
# Members whose supporter turn has all four spans (annotation.models.Turn.spans).
HAS_SPANS = Q(
    target__turn__understanding__gt="",
    target__turn__reasoning__gt="",
    target__turn__emotion__gt="",
    target__turn__text__gt="",
)

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
    reward: Mapping[str, float],
    sft: Settings | None = None,
    grpo: Settings | None = None,
    grpo_collection: Collection | None = None,
    lora: Settings | None = None,
    seed: int = SEED.default,
) -> TrainingRun:
    """Freeze training and held-out prompts of a set, and queue a run on them. With the settings
    of both methods it is a plan of two: GRPO, on `grpo_collection` where one is named, starts
    from the last checkpoint of SFT. The same `key` again returns the run that is there. Raises
    what `training_start` does; nothing is frozen then."""
    require_open(project)
    PROMPTS.require(prompts)
    HELD_OUT_PROMPTS.require(held_out_prompts)
    with transaction.atomic():
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        _hold(base)
        part = partial(freeze_split, actor=actor, seed=seed)
        is_plan = sft is not None and grpo is not None
        return training_start(
            project=project,
            actor=actor,
            key=key,
            base=base,
            train=part(collection, Split.TRAIN, limit=prompts),
            held_out=part(collection, Split.TEST, limit=held_out_prompts),
            validation=_validation(part, collection, limit=held_out_prompts) if sft else None,
            then=part(grpo_collection or collection, Split.TRAIN, limit=prompts)
            if is_plan
            else None,
            version=version,
            judge=judge,
            reward=reward,
            sft=sft,
            grpo=grpo,
            lora=lora,
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
    reward: Mapping[str, float],
    sft: Settings | None = None,
    grpo: Settings | None = None,
    lora: Settings | None = None,
    validation: Snapshot | None = None,
    then: Snapshot | None = None,
    seed: int = SEED.default,
) -> TrainingRun:
    """Queue a run of the method whose settings are given. With both, SFT is queued and GRPO on
    the prompts `then` starts after it. `reward` has a weight for each part, which are kept as
    shares of 1; `lora` trains adapters in place of all weights.

    Raises Refused for a setting or a weight outside its range, weights that are all 0, a rubric
    that can't be a reward, a judge that can't score it, a base that can't read so much, too few
    prompts, and data of the test split among the training prompts."""
    common = _common_settings(reward, lora, seed)
    require_scoring(version, judge)
    methods = {"sft": sft, "grpo": grpo}
    given = {name: values for name, values in methods.items() if values is not None}
    if not given:
        raise Refused("Give the settings of SFT, of GRPO or of both.", code="settings")
    for name, values in given.items():
        _require_settings(name, values, base)
    _require_splits([each for each in (train, then) if each], held_out, validation)
    for name, values in given.items():
        _require_prompts(name, then if name == "grpo" and then else train, held_out, values)
    first, *following = given
    with transaction.atomic():
        _hold(base)
        return runs.start(
            TrainingRun,
            project=project,
            actor=actor,
            key=key,
            method=first,
            base=base,
            train_snapshot=train,
            held_out_snapshot=held_out,
            validation_snapshot=validation,
            then_snapshot=then if following else None,
            then_settings={"grpo": settings_of("grpo", grpo), **common}
            if following and grpo
            else None,
            version=version,
            spec=version.spec,
            judge=judge,
            settings={first: settings_of(first, given[first]), **common},
            steps_total=int(given[first]["steps"]),
        )


def _hold(base: Checkpoint) -> None:
    """Nobody deletes the checkpoint until the present transaction ends. Raises Refused where it
    is gone."""
    held = Checkpoint.objects.select_for_update(no_key=True, of=("self",)).filter(pk=base.pk)
    if held.first() is None:
        raise Refused(f"“{base}” has been deleted. Choose another checkpoint.", code="no_base")


def training_start_next(run: TrainingRun) -> TrainingRun | None:
    """Start the GRPO run of a plan from the last checkpoint of its SFT run; None where the run
    is no plan. Called again, it returns the run that is there. Raises what `runs.start` does."""
    if run.then_snapshot is None or run.then_settings is None:
        return None
    return runs.start(
        TrainingRun,
        project=run.project,
        actor=run.created_by,
        key=f"after-{run.pk.hex}",
        replaces=run,
        method=TrainingRun.Method.GRPO,
        base=run.checkpoints.get(step=run.steps_total),
        train_snapshot=run.then_snapshot,
        held_out_snapshot=run.held_out_snapshot,
        version=run.version,
        spec=run.spec,
        judge=run.judge,
        settings=run.then_settings,
        steps_total=run.then_settings["grpo"]["steps"],
        follows=run,
    )


def checkpoint_register(
    *,
    project: Project,
    actor: User | None,
    name: str,
    folder: Path = STARTER,
    origin: str = "",
    source: str = "",
    revision: str = "",
    licence: str = "",
    sha256: str = "",
) -> Checkpoint:
    """Name weights that come from outside; the starter model's where no folder is named. Without
    an `origin`, a folder that is not the starter's is one of the server. Whoever calls this in a
    transaction gives the `weights_hash`, because large weights take long to read."""
    contents = inspect(folder)
    origins = Checkpoint.Origin
    origin = origin or (origins.STARTER if folder == STARTER else origins.PATH)
    row = Checkpoint(
        project=project,
        name=name,
        origin=origin,
        source=source or (str(folder) if origin == origins.PATH else ""),
        revision=revision,
        licence=licence,
        sha256=sha256 or weights_hash(folder, contents.files),
        created_by=actor,
    )
    row.path = str(folder)
    if (root := root_of(row)) is not None:
        row.path = str(folder.relative_to(root))
    with transaction.atomic():
        row.number = next_number(project, "checkpoint")
        row.save(force_insert=True)
        audit.record(
            "checkpoint.registered", actor=actor, object=row, number=row.number, origin=origin
        )
    return row


def weights_hash(folder: Path, names: Iterable[str]) -> str:
    """SHA-256 over the names and hashes of the weights among these files."""
    weights = sorted(name for name in names if name.endswith(".safetensors"))
    hashes = "".join(f"{name} {sha256_of(folder / name)}\n" for name in weights)
    return hashlib.sha256(hashes.encode()).hexdigest()


def settings_of(method: str, values: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a method among a form's or a request's values."""
    found = {
        name: float(values[name]) if name in FRACTIONS else int(values[name])
        for name in METHODS[method]
    }
    if values.get("micro_batch"):
        found["micro_batch"] = int(values["micro_batch"])
    return found


def _validation(
    part: Callable[..., Snapshot], collection: Collection, *, limit: int
) -> Snapshot | None:
    """The validation split of a set, frozen; None where it has none."""
    try:
        return part(collection, Split.VALIDATION, limit=limit)
    except Refused as refusal:
        if refusal.code != "empty_split":
            raise
        return None


def freeze_split(
    collection: Collection, split: Split, *, actor: User, seed: int, limit: int
) -> Snapshot:
    """A split of a set, frozen: `limit` supporter turns drawn by the seed. Raises Refused where
    it is empty."""
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
            f"“{collection.name}” has no texts in its {split.label.lower()} split. Choose a "
            "larger set.",
            code="empty_split",
        ) from None


def _common_settings(
    reward: Mapping[str, float], lora: Settings | None, seed: int
) -> dict[str, Any]:
    """What both methods are told: shares of the reward, the seed, and LoRA where it is chosen."""
    SEED.require(seed)
    common: dict[str, Any] = {"reward": shares(reward), "seed": seed}
    if lora is not None:
        _require_numbers(lora, LORA)
        common["lora"] = {name: int(lora[name]) for name in LORA}
    return common


def _require_settings(method: str, values: Settings, base: Checkpoint) -> None:
    numbers = {name: value for name, value in values.items() if name != "micro_batch"}
    _require_numbers(numbers, METHODS[method])
    _require_micro_batch(method, values)
    _require_context(base, int(numbers["max_completion_tokens"]))


def _require_numbers(values: Settings, settings: Mapping[str, Setting]) -> None:
    if set(values) != set(settings):
        raise Refused(f"Give exactly these settings: {', '.join(settings)}.", code="settings")
    for name, setting in settings.items():
        setting.require(values[name])


def _require_micro_batch(method: str, values: Settings) -> None:
    micro_batch = values.get("micro_batch")
    if micro_batch is None:
        return
    MICRO_BATCH.require(micro_batch)
    whole = replies_in_a_step(method, values)
    if whole % micro_batch:
        raise Refused(
            f"A step of {method.upper()} has {whole} replies. Choose a number of replies in memory "
            "that divides it.",
            code="micro_batch",
        )


def replies_in_a_step(method: str, values: Settings) -> int:
    if method == "sft":
        return int(values["batch_size"])
    return int(values["prompts_per_step"]) * int(values["rollouts_per_prompt"])


def _require_context(base: Checkpoint, reply: int) -> None:
    """The trainer measures each prompt; a reply that can't fit in any case is refused before."""
    try:
        context = context_of(weights_of(base))
    except (OSError, ValueError) as error:
        raise Refused(f"The files of “{base}” can’t be read.", code="no_model") from error
    if context is not None and reply >= context:
        raise Refused(
            f"“{base}” reads at most {context:,} tokens, prompt and reply together. Choose a "
            "shorter longest reply.",
            code="context",
        )


def require_scoring(version: RubricVersion, judge: Judge) -> None:
    """Raises Refused unless the judge can score turns by this published version."""
    if version.status != RubricVersion.Status.PUBLISHED or version.spec is None:
        raise Refused(
            "Publish the version first. Only published versions can be used.",
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


def _require_splits(
    training: Sequence[Snapshot], held_out: Snapshot, validation: Snapshot | None
) -> None:
    for train in training:
        from_other = train.members.exclude(target__turn__dialogue__split=Split.TRAIN)
        if from_other.exists():
            raise Refused(
                "The training prompts contain data from the test or validation split.",
                code="test_split",
            )
        for other in (held_out, validation):
            if other is not None and _share_profiles(train, other):
                raise Refused(
                    "Training and held-out prompts share profiles. Choose sets that don’t.",
                    code="shared_profiles",
                )


def _share_profiles(one: Snapshot, other: Snapshot) -> bool:
    key = "target__turn__dialogue__split_key"
    return one.members.filter(**{f"{key}__in": other.members.values(key)}).exists()


def _require_prompts(
    method: str, train: Snapshot, held_out: Snapshot, values: Mapping[str, float]
) -> None:
    """The worker leaves out turns that can't be used; say so before the start."""
    per_step = 1 if method == "sft" else int(values["prompts_per_step"])
    labelled = Q(target__turn__dialogue__emotion_label__isnull=False)
    if method == "sft" and not train.members.filter(HAS_SPANS, labelled).exists():
        raise Refused(
            "The set has no replies to imitate. SFT needs supporter turns with all four spans "
            "(understanding, reasoning, emotion and response) in dialogues with one of the 32 "
            "emotions.",
            code="too_few_prompts",
        )
    for snapshot, needed, words in ((train, per_step, "training"), (held_out, 1, "held-out")):
        usable = snapshot.members.filter(labelled)
        found = usable.count()
        if found < needed:
            raise Refused(
                f"The set has {found} {words} prompts, but {needed} are needed. A prompt is a "
                "supporter turn in a dialogue with one of the 32 emotions.",
                code="too_few_prompts",
            )
