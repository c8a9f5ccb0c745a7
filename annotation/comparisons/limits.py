"""How many pairs one blind comparison has, and how many people judge each of them."""

from annotation.queues import limits as queues
from annotation.sets.limits import MEMBERS
from webapp.limits import Bounds, Setting

PAIRS = Bounds("pairs", 1, MEMBERS.most)
OVERLAP = Setting(
    "overlap",
    queues.OVERLAP.least,
    queues.OVERLAP.most,
    default=1,
    sentence="Each pair needs {least} to {most} people.",
)
LEASE_MINUTES = Setting(
    "lease",
    queues.LEASE_MINUTES.least,
    queues.LEASE_MINUTES.most,
    default=queues.LEASE_MINUTES.default,
    sentence="Release a pair after {least} to {most} minutes.",
)
QUESTION = "Which reply would help the seeker more?"
