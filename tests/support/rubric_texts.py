"""Rubric texts as a person would have written them, as JSON data."""

from typing import Any

from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, to_json


def criterion(uid: str, **changes: Any) -> CriterionSpec:
    levels = tuple(LevelSpec(v, f"Label {v}", f"One sees {uid} {v}.") for v in (1, 2, 3))
    given = {"uid": uid, "meaning_id": f"meaning-{uid}", "name": uid.title(), "levels": levels}
    return CriterionSpec(**{**given, **changes})


def rubric_text(*criteria: CriterionSpec, title: str = "Warmth") -> dict[str, Any]:
    """A text that can be published."""
    return to_json(RubricSpec(title=title, criteria=criteria or (criterion("warmth"),)))


def large_text(criteria: int = 60) -> dict[str, Any]:
    return rubric_text(
        *(criterion(f"c{n}", description="What one sees. " * 20) for n in range(criteria))
    )
