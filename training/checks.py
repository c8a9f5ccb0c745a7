"""What is refused before a training run is queued, and the settings that it keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from annotation.models import Snapshot
from annotation.models.corpus import Split
from rubrics.core.spec import from_json
from rubrics.judges.queries import require_usable, unfitted_criterion
from rubrics.models import Judge, RubricVersion
from training.checkpoints.serving import local_server_refusal
from training.limits import (
    EVALUATION_JUDGES,
    FRACTIONS,
    GRPO,
    LORA,
    MEASURED,
    MICRO_BATCH,
    SFT,
    shares,
)
from training.models import Checkpoint
from training.paths import weights_of
from training.reward_judges import require_another, rewards_behind
from training.trainer.lengths import context_of
from webapp.errors import Refused
from webapp.limits import SEED, Setting

# The settings of a method, or of LoRA, by name.
Settings = Mapping[str, float]
METHODS: Mapping[str, Mapping[str, Setting]] = {"sft": SFT, "grpo": GRPO}
# Settings of a method without bounds of their own in METHODS.
NOT_NUMBERS = ("micro_batch", "both_roles")
# Members whose supporter turn has all four spans (annotation.models.Turn.spans).
HAS_SPANS = Q(
    target__turn__understanding__gt="",
    target__turn__reasoning__gt="",
    target__turn__emotion__gt="",
    target__turn__text__gt="",
)


def settings_of(method: str, values: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a method among a form's or a request's values; without the longest reply
    where nobody chose it."""
    found = {
        name: float(values[name]) if name in FRACTIONS else int(values[name])
        for name in METHODS[method]
        if name != MEASURED or values.get(name) is not None
    }
    if values.get("micro_batch"):
        found["micro_batch"] = int(values["micro_batch"])
    if method == "sft" and values.get("both_roles"):
        found["both_roles"] = True
    return found


def common_settings(
    reward: Mapping[str, float], lora: Settings | None, seed: int
) -> dict[str, Any]:
    """What both methods are told: shares of the reward, the seed, and LoRA where it is chosen."""
    SEED.require(seed)
    common: dict[str, Any] = {"reward": shares(reward), "seed": seed}
    if lora is not None:
        _require_numbers(lora, LORA)
        common["lora"] = {name: int(lora[name]) for name in LORA}
    return common


def require_settings(method: str, values: Settings, base: Checkpoint) -> None:
    numbers = {name: value for name, value in values.items() if name not in NOT_NUMBERS}
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


def require_version(version: RubricVersion) -> None:
    """Raises Refused unless the version is published and rates turns."""
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


def require_reward(version: RubricVersion, judge: Judge | None) -> None:
    """Raises Refused unless there is a judge that can reward GRPO by this version."""
    if judge is None:
        raise Refused(
            "Choose a judge. It scores the replies of GRPO. SFT alone needs no judge.",
            code="no_judge",
        )
    require_scoring(version, judge)


def require_scoring(version: RubricVersion, judge: Judge) -> None:
    """Raises Refused unless the judge can score turns by this published version."""
    require_version(version)
    require_usable(judge)
    if criterion := unfitted_criterion(version, judge):
        raise Refused(
            f"{judge} was not fitted on the wording of “{criterion.name}” in {version}. "
            "Fit a judge on this version, or choose another judge.",
            code="not_fitted",
        )


def require_evaluation(
    judges: Sequence[Judge], version: RubricVersion, base: Checkpoint, *, reward: Judge | None
) -> None:
    """Raises Refused where the evaluation that a run ends with could not start. `reward` is the
    judge that rewards the run; None for a run without a reward."""
    EVALUATION_JUDGES.require(len(judges))
    if not judges:
        return
    for judge in judges:
        require_scoring(version, judge)
    require_another(judges, rewards_behind([base]) | ({reward.hash} if reward else set()))
    if (reason := local_server_refusal()) is not None:
        raise Refused(
            f"{reason} Start the run without judges for an evaluation, and evaluate its "
            "checkpoints later.",
            code="no_local_server",
        )


def require_splits(
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


def require_prompts(
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
