"""How much one difficulty run asks for, and where a prompt is hard."""

from annotation.sets.limits import MEMBERS
from webapp.limits import Bounds, Setting
from webapp.llm.limits import MAX_TEMPERATURE

# A prompt is hard from this share of FAIL on, else easy.
# Source: Kardia-R1 (arXiv 2512.01282), Rubric-ERL.
HARD_FROM = 0.5
PROMPTS = Bounds("prompts", 1, MEMBERS.most)
# Fresh replies to each prompt: K of the paper.
REPLIES = Setting(
    "replies", 2, 32, default=8, sentence="Ask for between {least} and {most} replies per prompt."
)
MAX_TOKENS = Setting("max_tokens", 16, 4096, default=320)
# Never 0: all replies to a prompt would be the same.
TEMPERATURE = Setting("temperature", 0.1, MAX_TEMPERATURE, default=0.8)
