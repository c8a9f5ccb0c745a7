"""What a language model as judge is asked for."""

from collections.abc import Mapping

from rubrics.judging.llm import LLMParameters
from rubrics.judging.prompts import Mode
from webapp.limits import Setting
from webapp.llm.limits import MAX_TEMPERATURE

DEFAULTS = LLMParameters()
MODES: Mapping[Mode, str] = {
    "per_criterion": "One criterion at a time",
    "all_in_one": "All criteria in one reply",
    "rationale_then_level": "One criterion at a time: the reasons, then the level (two calls)",
}
TEMPERATURE = Setting("temperature", 0.0, MAX_TEMPERATURE, default=DEFAULTS.temperature)
MAX_TOKENS = Setting(
    "max_tokens",
    1,
    32_000,
    default=DEFAULTS.max_tokens,
    sentence="Tokens per criterion must be between {least} and {most}.",
)
