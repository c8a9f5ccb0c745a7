"""How much one generation plans, and how its situations are read."""

from collections.abc import Sequence

from webapp.errors import Refused
from webapp.limits import Bounds, Setting
from webapp.llm.limits import MAX_TEMPERATURE

COUNT = Bounds("count", 1, 10_000, sentence="Plan between {least} and {most} dialogues.")
EXCHANGES = Setting(
    "exchanges",
    1,
    10,
    default=4,
    sentence="A dialogue must have between {least} and {most} exchanges.",
)
TEMPERATURE = Setting("temperature", 0.0, MAX_TEMPERATURE, default=0.8)
# How often a reply that did not pass is written again.
REVISIONS = Setting(
    "revisions",
    0,
    10,
    default=5,
    sentence="A reply can be revised between {least} and {most} times.",
)
# A reply that passes ends the dialogue where its total reaches this, from an exchange on.
SOLVED_TOTAL = Setting("solved_total", 0.0, 1.0, default=0.9)
SOLVED_FROM = Setting("solved_from", EXCHANGES.least, EXCHANGES.most, default=3)
# Estimated Jaccard similarity of the word 3-grams of two dialogues' replies. From here on the
# later dialogue is a near-duplicate of the earlier one.
NEAR_DUPLICATE = 0.7
MAX_SITUATIONS = 2_000
# In characters.
MAX_SITUATION = 5_000


def read_situations(written: Sequence[str]) -> list[str]:
    """The situations without white space around them, and without empty ones. Raises Refused
    for too many, and for one that is too long."""
    read = [text for text in map(str.strip, written) if text]
    if len(read) > MAX_SITUATIONS:
        raise Refused(f"Give at most {MAX_SITUATIONS:,} situations.", code="situations")
    if any(len(text) > MAX_SITUATION for text in read):
        raise Refused(
            f"A situation can have at most {MAX_SITUATION:,} characters.", code="situations"
        )
    return read
