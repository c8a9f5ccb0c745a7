"""Start training runs; what ran is one folder that can run again without the studio."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from django.db import transaction

from annotation.models import Collection, Snapshot
from annotation.models.corpus import Split
from annotation.sets.services import freeze_split, measured_set, turns_of_split
from rubrics.judges.queries import require_usable
from rubrics.models import Judge, RubricVersion
from training.checkpoints.contents import inspect
from training.checks import (
    Settings,
    common_settings,
    require_evaluation,
    require_prompts,
    require_reward,
    require_settings,
    require_splits,
    require_version,
    settings_of,
)
from training.gate.services import GateResult, hold_gate, require_gate
from training.limits import HELD_OUT_PROMPTS, MEASURED, PROMPTS
from training.models import Checkpoint, TrainingEvaluationJudge, TrainingRun
from training.paths import root_of
from training.reply_lengths import ReplyLength, longest_reply, measure
from training.trainer.files import sha256_of
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs import services as runs


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
    judge: Judge | None = None,
    reward: Mapping[str, float],
    sft: Settings | None = None,
    grpo: Settings | None = None,
    grpo_collection: Collection | None = None,
    lora: Settings | None = None,
    evaluation_judges: Sequence[Judge] = (),
    seed: int = SEED.default,
    gate_reason: str = "",
) -> TrainingRun:
    """Freeze training and held-out prompts of a set, and queue a run on them. With the settings
    of both methods it is a plan of two: GRPO, on `grpo_collection` where one is named, starts
    from the last checkpoint of SFT. The same `key` again returns the run that is there. Raises
    what `training_start` does; nothing is frozen then."""
    require_open(project)
    PROMPTS.require(prompts)
    HELD_OUT_PROMPTS.require(held_out_prompts)
    known = runs.started_before(TrainingRun, project=project, key=key)
    if known is not None:
        return known
    reply = None
    rewards = judge if grpo is not None else None
    require_version(version)
    if grpo is not None:
        require_reward(version, judge)
    # Before the transaction: nobody waits for its locks while people's ratings are compared, and
    # replies become tokens.
    gate = require_gate(actor=actor, version=version, judge=rewards, reason=gate_reason)
    if _leaves_out_length(sft, grpo):
        turns = turns_of_split(collection, Split.TRAIN, seed=seed, limit=prompts)
        reply = measure(base, turns)
    with transaction.atomic():
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        held = _hold(base)
        part = partial(freeze_split, actor=actor, seed=seed)
        is_plan = sft is not None and grpo is not None
        # Easy and hard prompts are those of one split; what is held out is not trained on.
        whole = measured_set(collection)
        train = part(collection, Split.TRAIN, limit=prompts)
        if reply is not None and not reply.is_of(held, train):
            raise Refused(
                f"“{collection.name}” or “{base}” changed while its replies were measured. "
                "Nothing was started. Try again.",
                code="set_changed",
            )
        return training_start(
            project=project,
            actor=actor,
            key=key,
            base=base,
            train=train,
            held_out=part(whole, Split.TEST, limit=held_out_prompts),
            validation=_validation(part, whole, limit=held_out_prompts) if sft else None,
            then=part(grpo_collection or collection, Split.TRAIN, limit=prompts)
            if is_plan
            else None,
            version=version,
            judge=judge,
            reward=reward,
            sft=sft,
            grpo=grpo,
            lora=lora,
            evaluation_judges=evaluation_judges,
            seed=seed,
            reply=reply,
            gate=gate,
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
    judge: Judge | None = None,
    reward: Mapping[str, float],
    sft: Settings | None = None,
    grpo: Settings | None = None,
    lora: Settings | None = None,
    evaluation_judges: Sequence[Judge] = (),
    validation: Snapshot | None = None,
    then: Snapshot | None = None,
    seed: int = SEED.default,
    reply: ReplyLength | None = None,
    gate_reason: str = "",
    gate: GateResult | None = None,
) -> TrainingRun:
    """Queue a run of the method whose settings are given. With both, SFT is queued and GRPO on
    the prompts `then` starts after it. `reward` has a weight for each part, which are kept as
    shares of 1; `lora` trains adapters in place of all weights. Without a `max_completion_tokens`,
    replies may get as long as those of `train`: `reply` where they were measured already. `judge`
    rewards GRPO; SFT has no reward and keeps none. With `evaluation_judges` the last run ends with
    an evaluation of its models by them. `gate` is what `require_gate` found where it was asked
    already.

    Raises GateNotMet where rubric and judge miss the project's gate and there is no `gate_reason`,
    and Refused for a setting or a weight outside its range, weights that are all 0, a rubric
    that can't be a reward, GRPO without a judge that can score it, an evaluation by the reward
    alone, a base that can't read so much, too few prompts, and data of the test split among the
    training prompts."""
    common = common_settings(reward, lora, seed)
    require_version(version)
    judge = judge if grpo is not None else None
    if grpo is not None:
        require_reward(version, judge)
    methods = {"sft": sft, "grpo": grpo}
    given = {name: values for name, values in methods.items() if values is not None}
    if not given:
        raise Refused("Give the settings of SFT, of GRPO or of both.", code="settings")
    if _leaves_out_length(*given.values()):
        given = _with_length(given, reply.tokens if reply else longest_reply(base, train))
    for name, values in given.items():
        require_settings(name, values, base)
    require_splits([each for each in (train, then) if each], held_out, validation)
    for name, values in given.items():
        require_prompts(name, then if name == "grpo" and then else train, held_out, values)
    judges = list(dict.fromkeys(evaluation_judges))
    require_evaluation(judges, version, base, reward=judge)
    if gate is None:
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        gate = require_gate(actor=actor, version=version, judge=judge, reason=gate_reason)
    first, *following = given
    with transaction.atomic():
        _hold(base)
        hold_gate(version, judge, gate)
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        run = runs.start(
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
            then_settings={"grpo": settings_of("grpo", given["grpo"]), **common}
            if following
            else None,
            version=version,
            spec=version.spec,
            judge=judge,
            settings={first: settings_of(first, given[first]), **common},
            steps_total=int(given[first]["steps"]),
            **gate.fields,
        )
        _keep_judges(run, judges)
    return run


def _leaves_out_length(*methods: Settings | None) -> bool:
    """Whether nobody chose the longest reply of one of these methods."""
    return any(values is not None and values.get(MEASURED) is None for values in methods)


def _with_length(given: Mapping[str, Settings], tokens: int) -> dict[str, Settings]:
    """The settings of each method, with `tokens` where nobody chose a longest reply."""
    return {
        name: values if values.get(MEASURED) is not None else {**values, MEASURED: tokens}
        for name, values in given.items()
    }


def _keep_judges(run: TrainingRun, judges: Iterable[Judge]) -> None:
    """The judges of the evaluation that a run ends with; those that it has already stay."""
    TrainingEvaluationJudge.objects.bulk_create(
        (TrainingEvaluationJudge(project=run.project, run=run, judge=judge) for judge in judges),
        ignore_conflicts=True,
    )


def _hold(base: Checkpoint) -> Checkpoint:
    """The checkpoint as it is now; nobody deletes it until the present transaction ends. Raises
    Refused where it is gone."""
    rows = Checkpoint.objects.select_for_update(no_key=True, of=("self",)).filter(pk=base.pk)
    held = rows.first()
    if held is None:
        raise Refused(f"“{base}” has been deleted. Choose another checkpoint.", code="no_base")
    return held


def training_start_next(run: TrainingRun) -> TrainingRun | None:
    """Start the GRPO run of a plan from the last checkpoint of its SFT run; None where the run
    is no plan. Called again, it returns the run that is there. Raises what `runs.start` does, and
    Refused where the judge can't be asked any more."""
    if run.then_snapshot is None or run.then_settings is None or run.judge is None:
        return None
    if not TrainingRun.objects.filter(follows=run).exists():
        require_usable(run.judge)
    following = runs.start(
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
        gate=run.gate,
        gate_checks=run.gate_checks,
        gate_reason=run.gate_reason,
    )
    _keep_judges(following, [row.judge for row in run.evaluation_judges.select_related("judge")])
    return following


def checkpoint_register(
    *,
    project: Project,
    actor: User | None,
    name: str,
    folder: Path,
    origin: str = Checkpoint.Origin.PATH,
    source: str = "",
    revision: str = "",
    licence: str = "",
    sha256: str = "",
    key: str = "",
) -> Checkpoint:
    """Name weights that come from outside. Whoever calls this in a transaction gives the
    `weights_hash`, because large weights take long to read."""
    row = Checkpoint(
        project=project,
        name=name,
        origin=origin,
        source=source or (str(folder) if origin == Checkpoint.Origin.PATH else ""),
        revision=revision,
        licence=licence,
        sha256=sha256 or weights_hash(folder, inspect(folder).files),
        created_by=actor,
        idempotency_key=key,
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
