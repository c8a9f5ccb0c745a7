"""The numbers of a training run: their bounds, their defaults, and the weights of its reward."""

import math
from collections.abc import Mapping
from typing import Any

from annotation.sets.limits import MEMBERS
from training.trainer.config import GrpoSection, LoraSection, SftSection
from webapp.errors import Refused
from webapp.limits import SEED, Bounds, Setting

PROMPTS = Bounds("prompts", 1, MEMBERS.most)
HELD_OUT_PROMPTS = Bounds("held_out_prompts", 1, 20_000)
# Of the evaluation that a run ends with; none: it ends without one.
EVALUATION_JUDGES = Bounds(
    "evaluation_judges", 0, 4, sentence="Choose at most {most} judges for the evaluation."
)

# The trainer's own preset, for a CPU.
_PRESET = GrpoSection()
GRPO: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("steps", 1, 100_000, default=_PRESET.steps),
        Setting("prompts_per_step", 1, 256, default=_PRESET.prompts_per_step),
        Setting("rollouts_per_prompt", 2, 64, default=_PRESET.rollouts_per_prompt),
        Setting("learning_rate", 1e-8, 1e-2, default=_PRESET.learning_rate),
        Setting("beta", 0.0, 1.0, default=_PRESET.beta),
        Setting("max_completion_tokens", 16, 4096, default=_PRESET.max_completion_tokens),
        Setting("temperature", 0.1, 2.0, default=_PRESET.temperature),
        Setting("save_every", 1, 10_000, default=_PRESET.save_every),
    )
}
GRPO_DEFAULTS: Mapping[str, float] = {name: one.default for name, one in GRPO.items()}
_SFT_PRESET = SftSection()
SFT: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("steps", 1, 100_000, default=_SFT_PRESET.steps),
        Setting("batch_size", 1, 1024, default=_SFT_PRESET.batch_size),
        Setting("learning_rate", 1e-8, 1e-2, default=_SFT_PRESET.learning_rate),
        Setting("max_completion_tokens", 16, 4096, default=_SFT_PRESET.max_completion_tokens),
        Setting("save_every", 1, 10_000, default=_SFT_PRESET.save_every),
        Setting("validate_every", 1, 10_000, default=_SFT_PRESET.validate_every),
    )
}
SFT_DEFAULTS: Mapping[str, float] = {name: one.default for name, one in SFT.items()}
# Measured on the replies of the set where nobody chooses it (training.reply_lengths).
MEASURED = "max_completion_tokens"
PRESETS: Mapping[str, Mapping[str, float]] = {
    method: {name: value for name, value in defaults.items() if name != MEASURED}
    for method, defaults in (("sft", SFT_DEFAULTS), ("grpo", GRPO_DEFAULTS))
}
_LORA_PRESET = LoraSection()
LORA: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("rank", 1, 512, default=_LORA_PRESET.rank),
        Setting("alpha", 1, 1024, default=_LORA_PRESET.alpha),
    )
}
LORA_DEFAULTS: Mapping[str, float] = {name: one.default for name, one in LORA.items()}
# What the paper trained with (Kardia-R1, arXiv 2512.01282): passes over the prompts in place of
# steps. Its GRPO batch of 32 replies is 4 prompts with 8 replies each.
PAPER: Mapping[str, Mapping[str, float]] = {
    "sft": {"passes": 2, "batch_size": 128, "learning_rate": 1e-4},
    "grpo": {
        "passes": 2,
        "prompts_per_step": 4,
        "rollouts_per_prompt": 8,
        "learning_rate": 1e-6,
    },
}
# What a reply of the small language model takes in GRPO with LoRA on two cores: a step of 16 takes
# 40 s.
SMALL_MODEL_REPLY_S = 2.5
# Replies that are in memory at once for the gradient; None: those of a whole step.
MICRO_BATCH = Bounds("micro_batch", 1, 16_384)
FRACTIONS = ("learning_rate", "beta", "temperature")

WEIGHT = Setting(
    "reward", 0.0, 1000.0, default=1.0, sentence="A weight must be from {least} to {most}."
)
REWARD_PARTS = ("format", "emotion", "rubric")
EQUAL_WEIGHTS: Mapping[str, float] = dict.fromkeys(REWARD_PARTS, WEIGHT.default)

# A whole run in a few minutes, to see how training goes. `fields` are fields of the form by name;
# by API they are what a request that leaves them out gets.
QUICK: Mapping[str, Mapping[str, Any]] = {
    "fields": {
        "plan": "grpo",
        "tuning": "lora",
        "prompts": 16,
        "held_out_prompts": 8,
        MEASURED: "",
        "micro_batch": "",
        "seed": SEED.default,
        **{f"part_{part}": weight for part, weight in EQUAL_WEIGHTS.items()},
    },
    "grpo": {**PRESETS["grpo"], "steps": 8, "prompts_per_step": 2, "save_every": 4},
    "lora": LORA_DEFAULTS,
}


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights of the reward's parts, so that they sum to 1 and a reward lies between 0 and 1.
    Raises Refused for other parts, a weight outside its bounds, and weights that are all 0."""
    if set(weights) != set(REWARD_PARTS):
        raise Refused("The reward must have the parts format, emotion and rubric.", code="reward")
    for weight in weights.values():
        WEIGHT.require(weight)
    whole = math.fsum(weights.values())
    if whole == 0:
        raise Refused("At least one part of the reward must be above 0.", code="reward")
    return {part: weights[part] / whole for part in REWARD_PARTS}
