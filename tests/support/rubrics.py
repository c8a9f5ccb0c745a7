"""Small rubrics, contexts and judges for the tests of this folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, VetoSpec
from rubrics.judging.inputs import JudgeInput, candidate_of
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.judging.spans import Spans, render_spans


def criterion(uid: str, *, low: int = 1, high: int = 5, **changes: Any) -> CriterionSpec:
    levels = tuple(LevelSpec(v, f"label {v}", f"anchor {v}") for v in range(low, high + 1))
    given = {"uid": uid, "meaning_id": f"meaning {uid}", "name": uid.title(), "levels": levels}
    return CriterionSpec(**{**given, **changes})


def check(uid: str, which: str, argument: str = "", **changes: Any) -> CriterionSpec:
    return criterion(
        uid,
        kind="check",
        scale="binary",
        levels=(),
        check=which,
        check_argument=argument,
        **changes,
    )


def rubric(*criteria: CriterionSpec, **changes: Any) -> RubricSpec:
    return RubricSpec(**{"title": "A rubric", "criteria": criteria, **changes})


def reply(response: str = "That sounds heavy.", emotion: str = "lonely") -> str:
    return render_spans(Spans("She is alone.", "Stay with it.", emotion, response), "tags")


def context(raw: str, **changes: Any) -> dict[str, Any]:
    return {
        "profile": "INFP. Keeps bees.",
        "situation": "Moved for work three weeks ago.",
        "history": [{"role": "seeker", "text": "Evenings are long."}],
        "candidate": candidate_of(raw),
        "cut": 0,
        **changes,
    }


def item(raw: str, key: str = "one", **changes: Any) -> JudgeInput:
    return JudgeInput(key, context(raw, **changes))


@dataclass
class ScriptedJudge:
    """Gives every judge criterion what `answer` says, and remembers what it was asked."""

    answer: Callable[[CriterionSpec, JudgeInput], CriterionScore | None]
    asked: Sequence[JudgeInput] = ()

    async def score(self, spec: RubricSpec, inputs: Sequence[JudgeInput]) -> list[JudgeResult]:
        self.asked = list(inputs)
        return [
            JudgeResult(
                one.key,
                {
                    c.uid: score
                    for c in spec.judge_criteria
                    if (score := self.answer(c, one)) is not None
                },
            )
            for one in inputs
        ]


def scored(uid: str, value: float) -> CriterionScore:
    return CriterionScore(uid, "scored", value=value, rationale="Because.")


def in_one_order(entries: list[VetoSpec]) -> tuple[VetoSpec, ...]:
    """Vetoes as a spec has them once it was read: by name, and each criterion once."""
    sorted_ = [replace(each, criteria=tuple(sorted(set(each.criteria)))) for each in entries]
    return tuple(sorted(sorted_, key=lambda each: each.veto))
