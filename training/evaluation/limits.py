"""How much one evaluation compares."""

from annotation.sets.limits import MEMBERS
from training.limits import EVALUATION_JUDGES
from webapp.limits import Bounds, Setting
from webapp.llm.limits import MAX_TEMPERATURE

PROMPTS = Bounds("prompts", 1, MEMBERS.most)
SYSTEMS = Bounds(
    "systems", 1, 8, sentence="Choose between {least} and {most} systems that answer the prompts."
)
JUDGES = Bounds(
    "judges", 1, EVALUATION_JUDGES.most, sentence="Choose between {least} and {most} judges."
)
MAX_TOKENS = Setting("max_tokens", 16, 4096, default=320)
# 0: the likeliest reply, without randomness.
TEMPERATURE = Setting("temperature", 0.0, MAX_TEMPERATURE, default=0.0)
# The name of the system that is the corpus itself.
CORPUS = "Replies of the corpus"
