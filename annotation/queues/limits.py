"""How many people rate an item of a queue, and how long one of them keeps it."""

from webapp.limits import Setting

OVERLAP = Setting("overlap", 1, 20, default=2, sentence="{least} to {most} people rate each item.")
LEASE_MINUTES = Setting(
    "lease", 1, 24 * 60, default=30, sentence="An item is kept for {least} to {most} minutes."
)
