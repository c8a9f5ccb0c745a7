"""A rating while it is being written: what the desk keeps, and what a submit is made from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rubrics.core.numbers import whole
from rubrics.core.spec import CriterionSpec, RubricSpec
from webapp.errors import Refused, Stale
from webapp.text import storable

# What stands in place of a level where a criterion does not apply.
NOT_APPLICABLE = "na"
MAX_RATIONALE = 10_000
# Nobody works on one item for longer; a browser that says so is wrong.
MAX_ACTIVE_SECONDS = 24 * 3600.0


class BadDraft(ValueError):
    """Not the shape of a draft, or not of this rubric. The message is for people."""


class StaleDraft(Stale):
    """Another window saved this draft since; `draft` and `revision` are those there are now."""

    def __init__(self, what: str, draft: dict[str, Any], revision: int) -> None:
        super().__init__(
            f"This {what} was changed in another window. Nothing was overwritten.", code="stale"
        )
        self.draft, self.revision = draft, revision


class Incomplete(Refused):
    """A submit that lacks something; `missing` are the uids of the criteria."""

    def __init__(self, message: str, missing: list[str]) -> None:
        super().__init__(message, code="incomplete")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Draft:
    """Levels and rationales by criterion uid. May be incomplete."""

    scores: Mapping[str, int | str] = field(default_factory=dict)
    rationales: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"scores": dict(self.scores), "rationales": dict(self.rationales)}

    def missing(self, spec: RubricSpec) -> list[CriterionSpec]:
        """The criteria that still need a level, or the word that they do not apply."""
        return [c for c in spec.judge_criteria if c.uid not in self.scores]


def read_draft(spec: RubricSpec, data: object) -> Draft:
    """The draft in `{"scores": {uid: level or "na"}, "rationales": {uid: text}}`.

    Levels may be numbers or their digits, as a form sends them. Raises BadDraft for a criterion
    that people do not rate, a level that it lacks, or anything else that is no draft.
    """
    if not isinstance(data, Mapping):
        raise BadDraft("A draft must be an object with scores and rationales.")
    criteria = {c.uid: c for c in spec.judge_criteria}
    scores = _of_criteria(data.get("scores", {}), criteria, "scores")
    rationales = _of_criteria(data.get("rationales", {}), criteria, "rationales")
    return Draft(
        {uid: _level(criteria[uid], value) for uid, value in scores.items()},
        {uid: text for uid, value in rationales.items() if (text := _text(criteria[uid], value))},
    )


def by_uid(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    """What a form's fields named `<prefix><uid>` give, by uid; empty ones are left out."""
    return {
        name.removeprefix(prefix): value
        for name, value in fields.items()
        if name.startswith(prefix) and value
    }


def read_active_seconds(value: object) -> float:
    """Seconds of work as a browser measured them. Raises BadDraft for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadDraft("The time on the item must be a number of seconds.")
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        raise BadDraft("The time on the item must be a number of seconds.") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise BadDraft("The time on the item must be a number of seconds.")
    return min(seconds, MAX_ACTIVE_SECONDS)


def _of_criteria(
    data: object, criteria: Mapping[str, CriterionSpec], name: str
) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise BadDraft(f"The {name} of a draft must be an object with one entry per criterion.")
    if any(uid not in criteria for uid in data):
        raise BadDraft(f"The {name} contain a criterion that people don’t rate here.")
    return data


def _level(criterion: CriterionSpec, value: object) -> int | str:
    if value == NOT_APPLICABLE and criterion.may_not_apply:
        return NOT_APPLICABLE
    levels = {str(level): level for level in criterion.level_values}
    said = value if isinstance(value, str) else str(whole(value))
    if said in levels:
        return levels[said]
    raise BadDraft(f"{criterion.name} must have one of these levels: {', '.join(levels)}.")


def _text(criterion: CriterionSpec, value: object) -> str:
    if not isinstance(value, str):
        raise BadDraft(f"The rationale for {criterion.name} must be text.")
    if len(value) > MAX_RATIONALE:
        raise BadDraft(
            f"The rationale for {criterion.name} has more than {MAX_RATIONALE:,} characters."
        )
    # A NUL is nothing that was meant; half an emoji stands for one.
    return storable(value.replace("\x00", ""))
