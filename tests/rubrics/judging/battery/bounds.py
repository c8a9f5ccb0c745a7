"""What the rubric of the demo makes of the bounds of a case."""

from rubrics.core.spec import Outcome, total
from rubrics.demo.kardia import KARDIA
from rubrics.judging.battery.case import PERSONA, Bounds

NEUTRAL = 3


def totals_at(bounds: Bounds) -> list[float]:
    """The total at the levels of the bounds, other criteria at 3; with the criterion that a judge
    may set aside, and without it."""
    levels = {c.uid: bounds.levels.get(c.name, NEUTRAL) for c in KARDIA.judge_criteria}
    outcomes = {uid: Outcome("scored", float(level)) for uid, level in levels.items()}
    [persona] = [c.uid for c in KARDIA.judge_criteria if c.name == PERSONA]
    without = {**outcomes, persona: Outcome("not_applicable")}
    return [total(KARDIA, outcomes), total(KARDIA, without)]
