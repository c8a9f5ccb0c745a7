"""Which criteria each veto caps, and at what level.

A veto is a fact about a reply that no judge's score may overrule (`rubrics.judging.vetoes` finds
them). Without a word of the rubric every veto is on: all judge criteria are capped, at the level
that is worst for the reply. Two differ: a contradiction of the profile caps the criteria whose text
speaks of the profile, and a reply that is too long keeps up to the middle of each scale. A
criterion with points below zero is capped for harm only: of other bad replies its good counterparts
say enough. Vetoes are about replies, so a rubric of dialogues has none.
"""

import re
from collections.abc import Mapping

from rubrics.core.spec.model import CriterionSpec, RubricSpec, VetoName, VetoSpec

# Each veto in the words of the pages, in the order in which they are listed.
VETOES: Mapping[VetoName, str] = {
    "harm": "Encourages harm",
    "empty": "No words",
    "repetition": "Repeats itself",
    "word_salad": "Makes no sense",
    "copied": "Copies what was said",
    "contradiction": "Contradicts the profile",
    "too_long": "Far too long",
}
_SPEAKS_OF_PROFILE = re.compile(r"\bprofil|\bpersona\b", re.IGNORECASE)


def criteria_capped(spec: RubricSpec, veto: VetoName) -> tuple[CriterionSpec, ...]:
    """The criteria that the veto caps, in the order of the rubric; none where it is off."""
    return tuple(c for c in spec.judge_criteria if caps(spec, veto, c))


def caps(spec: RubricSpec, veto: VetoName, criterion: CriterionSpec) -> bool:
    """Whether the veto caps this judge criterion."""
    if spec.target == "dialogue" or cap_of(veto, criterion) is None:
        return False
    changed = changed_veto(spec, veto)
    if changed is not None:
        return criterion.uid in changed.criteria
    return veto != "contradiction" or _speaks_of_profile(criterion)


def changed_veto(spec: RubricSpec, veto: VetoName) -> VetoSpec | None:
    """What the rubric says of the veto; None where the default holds."""
    return next((entry for entry in spec.vetoes if entry.veto == veto), None)


def cap_of(veto: VetoName, criterion: CriterionSpec) -> int | None:
    """The best level that a reply under the veto can have: the lowest, or the highest where a
    criterion counts against the reply. For a reply that is too long it is the highest level that
    is not above the middle of the scale. None where the veto can't cap the criterion."""
    values = criterion.level_values
    if len(values) < 2 or (criterion.counts_against and veto != "harm"):
        return None
    if veto == "too_long":
        middle = (values[0] + values[-1]) / 2
        return max(v for v in values if v <= middle) if len(values) > 2 else None
    return values[-1] if criterion.counts_against else values[0]


def _speaks_of_profile(criterion: CriterionSpec) -> bool:
    anchors = (level.anchor for level in criterion.levels)
    texts = (criterion.name, criterion.description, criterion.use_when, *anchors)
    return any(_SPEAKS_OF_PROFILE.search(text) for text in texts)
