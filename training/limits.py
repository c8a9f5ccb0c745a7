"""The numbers of a training run: their bounds, their defaults, and the weights of its reward."""

import math
from collections.abc import Mapping

from annotation.sets.limits import MEMBERS
from training.trainer.config import GrpoSection
from webapp.errors import Refused
from webapp.limits import Bounds, Setting

PROMPTS = Bounds("prompts", 1, MEMBERS.most)
HELD_OUT_PROMPTS = Bounds("held_out_prompts", 1, 20_000)

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
FRACTIONS = ("learning_rate", "beta", "temperature")

WEIGHT = Setting(
    "reward", 0.0, 1000.0, default=1.0, sentence="A weight must be from {least} to {most}."
)
REWARD_PARTS = ("format", "emotion", "rubric")
EQUAL_WEIGHTS: Mapping[str, float] = dict.fromkeys(REWARD_PARTS, WEIGHT.default)


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
