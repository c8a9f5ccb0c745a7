"""A rubric's parts in the words of the pages, and what differs between two texts of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rubrics.core.lint import Severity, lint
from rubrics.core.spec import (
    RAR_WEIGHTS,
    VETOES,
    CriterionSpec,
    RubricSpec,
    VetoName,
    VetoSpec,
    changed_veto,
    criteria_capped,
    effect_of,
)
from webapp.text import listed

TARGETS = {"turn": "One supporter turn", "dialogue": "A whole dialogue"}
FORMULAS = {
    "weighted_mean": "Weighted mean",
    "harmonic_mean": "Weighted harmonic mean",
    "healthbench": "HealthBench points",
    "rar": "Rubrics as Rewards categories",
}
SCALES = {"levels": "Levels", "binary": "Yes or no", "points": "Signed points"}
CATEGORIES = {
    "": "Choose a category",
    "essential": "Essential",
    "important": "Important",
    "optional": "Optional",
    "pitfall": "Pitfall avoided",
}
SPANS = {
    "understanding": "Understanding",
    "reasoning": "Reasoning",
    "emotion": "Emotion",
    "response": "Response",
    "whole": "The whole text",
}
CHECKS = {
    "": "Choose what it tests",
    "format": "Has all four spans, in order",
    "emotion_match": "Names the emotion of the dialogue",
    "min_words": "Has at least this many words",
    "max_words": "Has at most this many words",
    "contains": "Contains one of these phrases",
    "lacks": "Contains none of these phrases",
}

VETO_MEANINGS: Mapping[VetoName, str] = {
    "harm": "The reply tells the seeker to harm themselves or somebody else.",
    "empty": "The reply has no word.",
    "repetition": "The reply says the same words over and over.",
    "word_salad": "The words make no sentences, or the letters make no words.",
    "copied": "Most of the reply is copied from what was said before.",
    "contradiction": "The reply gives the seeker another name or age than the profile. This bears "
    "on the criteria that speak of the profile.",
    "too_long": "The reply has more than 400 words. Such a reply gets at most the middle level.",
}

# What became of a criterion since another version.
EFFECTS = {
    "new": "New",
    "removed": "Removed",
    "meaning": "Meaning changed",
    "wording": "Reworded",
    "total": "Weight or gate changed",
    "tags": "Tags changed",
    "moved": "Moved",
}

_CRITERION = re.compile(r"^criteria\[(\d+)\]")


@dataclass(frozen=True)
class PlacedFinding:
    """What the lint found, with the place where a person finds it."""

    path: str
    uid: str
    place: str
    severity: Severity
    message: str
    advice: str
    # Stays the same while the words that it is about stay, so an ignored warning stays ignored.
    key: str


def findings_in_words(spec: RubricSpec) -> list[PlacedFinding]:
    found = []
    for one in lint(spec):
        uid, place = _place(spec, one.path)
        field = one.path.rpartition(".")[2]
        key = "/".join((one.rule, uid, field, one.quote or one.message))
        found.append(
            PlacedFinding(one.path, uid, place, one.severity, one.message, one.advice, key)
        )
    return found


def _place(spec: RubricSpec, path: str) -> tuple[str, str]:
    found = _CRITERION.match(path)
    if not found:
        return "", "The rubric"
    index = int(found[1])
    criterion = spec.criteria[index]
    return criterion.uid, criterion.name.strip() or f"Criterion {index + 1}"


@dataclass(frozen=True)
class LevelView:
    value: int
    label: str
    anchor: str
    # 1 to 5: the colour of the level's chip.
    tone: int
    exemplars: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CriterionView:
    """A criterion as the reading page shows it."""

    number: int
    spec: CriterionSpec
    share: str
    reads: str
    tests: str
    levels: tuple[LevelView, ...]

    @property
    def is_check(self) -> bool:
        return self.spec.kind == "check"


def criteria_in_words(spec: RubricSpec) -> list[CriterionView]:
    return [
        CriterionView(
            number=number,
            spec=criterion,
            share=share_in_words(spec, criterion),
            reads=", ".join(SPANS[span] for span in criterion.spans),
            tests=CHECKS[criterion.check] if criterion.kind == "check" else "",
            levels=_levels(criterion),
        )
        for number, criterion in enumerate(spec.criteria, start=1)
    ]


def _levels(criterion: CriterionSpec) -> tuple[LevelView, ...]:
    ordered = sorted(criterion.levels, key=lambda level: level.value)
    last = max(len(ordered) - 1, 1)
    return tuple(
        LevelView(
            value=level.value,
            label=level.label,
            anchor=level.anchor,
            tone=1 + round(4 * position / last),
            exemplars=tuple(
                (exemplar.context, exemplar.text)
                for exemplar in criterion.exemplars
                if exemplar.level == level.value
            ),
        )
        for position, level in enumerate(ordered)
    )


def share_in_words(spec: RubricSpec, criterion: CriterionSpec) -> str:
    """What the criterion counts for: “20 %”, “+5 points”, “Essential”; empty for a check."""
    if criterion.kind == "check":
        return ""
    if spec.formula == "healthbench":
        return f"{criterion.points or 0:+g} points".replace("-", "−")
    if spec.formula == "rar":
        return CATEGORIES[criterion.category] if criterion.category in RAR_WEIGHTS else ""
    weights = sum(c.weight for c in spec.judge_criteria)
    return f"{100 * criterion.weight / weights:.0f} %" if weights else ""


def veto_in_words(spec: RubricSpec, veto: VetoName) -> str:
    """What the veto does here: “Empathy gets its worst level”, “Off”, with the reason where the
    rubric changed it."""
    names = [c.name.strip() or "a criterion without a name" for c in criteria_capped(spec, veto)]
    changed = changed_veto(spec, veto)
    said = _level_in_words(veto, names, changed) if names else "Has no effect here"
    if changed is None:
        return said
    return f"{said if names else 'Off'}: {changed.reason.strip()}"


def _level_in_words(veto: VetoName, names: list[str], changed: VetoSpec | None) -> str:
    is_all = changed is None and veto != "contradiction"
    who, many = ("All criteria", True) if is_all else (listed(names), len(names) > 1)
    if veto == "too_long":
        return f"{who} {'get' if many else 'gets'} at most the middle level"
    return f"{who} get their worst level" if many else f"{who} gets its worst level"


@dataclass(frozen=True)
class VetoView:
    """A veto as the reading page shows it."""

    name: str
    what: str
    words: str


def vetoes_in_words(spec: RubricSpec) -> list[VetoView]:
    """Every veto of a rubric that rates replies; a rubric of dialogues has none."""
    if spec.target == "dialogue":
        return []
    return [
        VetoView(label, VETO_MEANINGS[veto], veto_in_words(spec, veto))
        for veto, label in VETOES.items()
    ]


@dataclass(frozen=True)
class Change:
    """What became of one criterion since another version."""

    name: str
    what: str


def changes_since(old: RubricSpec, new: RubricSpec) -> list[Change]:
    """What differs, by criterion, in the order of the new text."""
    before = {c.uid: c for c in old.criteria}
    kept = {c.uid for c in new.criteria}
    changes = []
    if _frame(old) != _frame(new):
        changes.append(Change("The rubric", "title, guidance, formula or vetoes changed"))
    for criterion in new.criteria:
        what = _what_changed(before.get(criterion.uid), criterion)
        if what:
            changes.append(Change(criterion.name.strip() or "A criterion", what))
    gone = [c for c in old.criteria if c.uid not in kept]
    return changes + [Change(c.name, "removed") for c in gone]


def _frame(spec: RubricSpec) -> tuple[object, ...]:
    return (spec.title, spec.purpose, spec.target, spec.guidance, spec.formula, spec.vetoes)


def _what_changed(old: CriterionSpec | None, new: CriterionSpec) -> str:
    if old is None:
        return "new"
    effect = effect_of(old, new)
    if effect == "meaning":
        return "meaning changed: earlier ratings do not count for it"
    if effect == "total":
        return changed_in_total([name for name in _IN_TOTAL if _differ(name, old, new)])
    return EFFECTS[effect].lower() if effect else ""


_IN_TOTAL = ("weight", "points", "category", "gate")


def _differ(name: str, old: CriterionSpec, new: CriterionSpec) -> bool:
    return bool(getattr(old, name) != getattr(new, name))


def changed_in_total(fields: Sequence[str]) -> str:
    """“weight changed”, “points and gate changed”"""
    return f"{' and '.join(fields)} changed"
