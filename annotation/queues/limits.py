"""How many people rate an item of a queue, how long one of them keeps it, and how many levels apart
they must be for an adjudicator to settle it."""

from webapp.limits import Setting

OVERLAP = Setting("overlap", 1, 20, default=2, sentence="Each item needs {least} to {most} people.")
LEASE_MINUTES = Setting(
    "lease", 1, 24 * 60, default=30, sentence="Release an item after {least} to {most} minutes."
)
ADJUDICATE_FROM = Setting(
    "adjudicate_from",
    1,
    10,
    default=2,
    sentence="Choose {least} to {most} levels.",
)
