"""How often one rater says that a criterion does not apply where another gives it a level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.agreement.tables import Estimate, Places, as_ratings, clusters_in, estimate_of
from webapp.intervals import Bounds, wilson_of_clusters


@dataclass(frozen=True, slots=True)
class Applicability:
    """`items` have both answers. `share` is their share of the items that two raters answered."""

    items: int
    share: Estimate


def applicability(
    table: Sequence[Sequence[bool | None]], *, places: Places | None = None
) -> Applicability:
    """`table`: items x raters, True for a level, False for "does not apply", None for no answer.

    The interval is Wilson's for so many independent items as the profiles or dialogues are worth.
    """
    answers = as_ratings(table)  # type: ignore[arg-type]
    clusters = clusters_in(answers, places)
    given = ~np.isnan(answers)
    twice = given.sum(axis=1) >= 2
    levels = (answers == 1).any(axis=1)
    is_mixed = (levels & (answers == 0).any(axis=1))[twice]
    if not len(is_mixed):
        bounds = Bounds(None, None, "no item was rated twice")
        return Applicability(0, estimate_of(answers, clusters, None, bounds))
    bounds = wilson_of_clusters(is_mixed.astype(float), clusters)
    if bounds.reason:
        bounds = Bounds(None, None, f"no interval: {bounds.reason}")
    share = estimate_of(answers, clusters, float(is_mixed.mean()), bounds)
    return Applicability(int(is_mixed.sum()), share)
