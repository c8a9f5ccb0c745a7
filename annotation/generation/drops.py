"""Why a dialogue whose replies passed is dropped: emotion jumps, near-duplicates. Pure.

The same dialogues in the same order always give the same answers.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from datasketch import MinHash

from annotation.formats.emotions import emotion_label
from annotation.generation.limits import NEAR_DUPLICATE

# The other five of the 32 labels are neither: nostalgic, sentimental, surprised, anticipating,
# prepared.
PLEASANT = frozenset({
    "joyful", "trusting", "faithful", "impressed", "caring", "grateful", "proud", "hopeful",
    "excited", "confident", "content",
})  # fmt: skip
UNPLEASANT = frozenset({
    "disappointed", "embarrassed", "annoyed", "furious", "devastated", "terrified", "afraid",
    "disgusted", "lonely", "ashamed", "angry", "jealous", "anxious", "apprehensive", "sad",
    "guilty",
})  # fmt: skip

PERMUTATIONS = 128
SHINGLE = 3
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def emotion_jump(named: Sequence[str]) -> str:
    """In words, why these emotion spans of a dialogue, oldest first, jump; empty where they do not.

    They may go from unpleasant to pleasant emotions or the other way once: that is a change. Going
    there and back is a jump. Texts that are none of the 32 labels are left out.
    """
    labels = [label for text in named if (label := emotion_label(text))]
    sided = [label for label in labels if label in PLEASANT or label in UNPLEASANT]
    turns = [
        (before, after)
        for before, after in pairwise(sided)
        if (before in PLEASANT) != (after in PLEASANT)
    ]
    if len(turns) < 2:
        return ""
    (first, there), (_, back) = turns[0], turns[1]
    return f"The named emotion goes from “{first}” to “{there}” and back to “{back}”."


class KeptReplies:
    """The replies of the dialogues that a run keeps, as MinHash signatures (Broder 1997) of their
    word 3-grams. `capacity` is how many dialogues there can be."""

    def __init__(self, capacity: int) -> None:
        self._signatures: npt.NDArray[np.uint32] = np.empty((capacity, PERMUTATIONS), np.uint32)
        self._names: list[int] = []

    def add(self, number: int, replies: Sequence[str]) -> None:
        """Keep the replies of the dialogue with this number."""
        if (signature := _signature(replies)) is not None:
            self._signatures[len(self._names)] = signature
            self._names.append(number)

    def near_duplicate(self, replies: Sequence[str]) -> tuple[int, float] | None:
        """(number, estimated Jaccard similarity) of the most similar dialogue, the first of equal
        ones; None where none is as similar as NEAR_DUPLICATE."""
        signature = _signature(replies)
        if signature is None or not self._names:
            return None
        shares = (self._signatures[: len(self._names)] == signature).mean(axis=1)
        nearest = int(shares.argmax())
        similarity = float(shares[nearest])
        return (self._names[nearest], similarity) if similarity >= NEAR_DUPLICATE else None


def _signature(replies: Sequence[str]) -> npt.NDArray[np.uint32] | None:
    """None where there is not one 3-gram: such replies are like no other."""
    shingles = {shingle for reply in replies for shingle in _shingles(reply)}
    if not shingles:
        return None
    sketch = MinHash(num_perm=PERMUTATIONS, seed=1, scheme="affine32")
    sketch.update_batch(sorted(shingles))
    return np.asarray(sketch.hashvalues, np.uint32)


def _shingles(text: str) -> list[bytes]:
    words = _WORD.findall(text.casefold())
    return [
        " ".join(words[start : start + SHINGLE]).encode()
        for start in range(len(words) - SHINGLE + 1)
    ]
