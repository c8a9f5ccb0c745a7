"""A rubric's parts as plain immutable data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SPEC_FORMAT = 1

Kind = Literal["judge", "check"]
Scale = Literal["levels", "binary", "points"]
Category = Literal["", "essential", "important", "optional", "pitfall"]
SpanName = Literal["understanding", "reasoning", "emotion", "response", "whole"]
Check = Literal["", "format", "emotion_match", "min_words", "max_words", "contains", "lacks"]
Formula = Literal["weighted_mean", "harmonic_mean", "healthbench", "rar"]
Status = Literal["scored", "not_applicable", "failed", "not_scored"]
VetoName = Literal[
    "empty", "repetition", "word_salad", "copied", "harm", "contradiction", "too_long"
]

RAR_WEIGHTS: Mapping[str, float] = {
    "essential": 1.0,
    "important": 0.7,
    "optional": 0.3,
    "pitfall": 0.9,
}
HEALTHBENCH_POINTS = 10.0


@dataclass(frozen=True)
class LevelSpec:
    value: int
    label: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class ExemplarSpec:
    text: str
    level: int
    context: str = ""


@dataclass(frozen=True)
class CriterionSpec:
    """One question to a rater (`judge`) or one exact test (`check`).

    `binary` and `points` are the values 0 and 1 and need no levels. `points` are HealthBench's
    signed points, `category` is Rubrics as Rewards', `gate` the level below which the total is 0.
    `tags` are notes for people and other tools, as HealthBench's: no judge reads them.
    """

    uid: str
    meaning_id: str
    name: str
    description: str = ""
    use_when: str = ""
    avoid_when: str = ""
    kind: Kind = "judge"
    scale: Scale = "levels"
    levels: tuple[LevelSpec, ...] = ()
    weight: float = 1.0
    points: float | None = None
    category: Category = ""
    gate: int | None = None
    spans: tuple[SpanName, ...] = ("response",)
    check: Check = ""
    check_argument: str = ""
    exemplars: tuple[ExemplarSpec, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def level_values(self) -> tuple[int, ...]:
        """The values that a score may take, ascending; empty while no level is written."""
        if self.scale != "levels":
            return (0, 1)
        return tuple(sorted({level.value for level in self.levels}))

    @property
    def may_not_apply(self) -> bool:
        """Whether a rater may set it aside. HealthBench's criteria are met or unmet only."""
        return self.scale != "points"

    @property
    def counts_against(self) -> bool:
        """Whether a high score is a bad sign: HealthBench's criteria with points below zero."""
        return self.points is not None and self.points < 0


@dataclass(frozen=True)
class VetoSpec:
    """What a rubric says of one veto in place of the default: it caps these criteria only, by uid,
    and why. With no criteria the veto is switched off."""

    veto: VetoName
    criteria: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class RubricSpec:
    """`vetoes` has an entry for each veto that the rubric changes; see `spec.vetoes`."""

    title: str
    purpose: str = ""
    target: Literal["turn", "dialogue"] = "turn"
    guidance: str = ""
    formula: Formula = "weighted_mean"
    criteria: tuple[CriterionSpec, ...] = ()
    vetoes: tuple[VetoSpec, ...] = ()

    @property
    def judge_criteria(self) -> tuple[CriterionSpec, ...]:
        return tuple(c for c in self.criteria if c.kind == "judge")

    @property
    def checks(self) -> tuple[CriterionSpec, ...]:
        return tuple(c for c in self.criteria if c.kind == "check")
