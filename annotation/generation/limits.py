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
