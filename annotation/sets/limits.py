"""How many members a snapshot holds, and the seeds that shuffle them."""

from webapp.limits import SEED, Bounds

MEMBERS = Bounds(
    "too_many", 1, 200_000, sentence="A snapshot must have between {least} and {most} members."
)


def shuffling(seed: int) -> int:
    """The seed of an order that is drawn, whatever `seed` is: `freeze` keeps the order of the
    corpus for 0. The largest seed draws as 0 does."""
    return seed % SEED.most + 1
