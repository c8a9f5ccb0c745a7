"""How the levels of an item are spread over its raters: a soft label, for training on what people
disagree about in place of one level that hides it. Source: Uma et al., Learning from Disagreement:
A Survey (2021), Journal of Artificial Intelligence Research 72.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LevelShare:
    """How many raters gave the item this level, and their share of those who gave a level."""

    level: float
    raters: int
    share: float


@dataclass(frozen=True, slots=True)
class SoftLabel:
    """The levels that were given, the lowest first. `not_applicable` raters said that the criterion
    does not apply; they are in no share."""

    shares: Sequence[LevelShare]
    not_applicable: int

    @property
    def raters(self) -> int:
        return sum(row.raters for row in self.shares)

    @property
    def mean(self) -> float | None:
        return sum(row.level * row.share for row in self.shares) if self.shares else None

    @property
    def is_split(self) -> bool:
        return len(self.shares) > 1


def soft_label(answers: Collection[float | None]) -> SoftLabel:
    """Of one item and criterion: each rater's level, None where it does not apply."""
    counts = Counter(answer for answer in answers if answer is not None)
    given = counts.total()
    return SoftLabel(
        [LevelShare(level, counts[level], counts[level] / given) for level in sorted(counts)],
        not_applicable=len(answers) - given,
    )
