"""A scripted endpoint that writes, judges and criticises, and a critic for a generation."""

import json
import re
from collections.abc import Callable
from typing import Any

from annotation.generation.critics import CriticChoice
from annotation.models import Attempt, GenerationRun
from rubrics.core.spec import CriterionSpec, RubricSpec
from tests.conftest import Cast
from tests.support.dialogues import levels, published
from tests.support.generation import REPLY, planned, speak
from tests.support.judge_runs import llm_judge
from tests.support.servers import Stub, answer
from webapp.llm.models import Endpoint

RUBRIC = RubricSpec(
    title="Care",
    criteria=(
        CriterionSpec("format", "m-format", "Format", kind="check", scale="binary", check="format"),
        CriterionSpec("warmth", "m-warmth", "Warmth", levels=levels()),
        CriterionSpec("persona", "m-persona", "Persona", levels=levels()),
    ),
)
# What a judge gives (warmth, persona) for an attempt with this number.
Grade = Callable[[int, dict[str, Any]], tuple[int, int]]


def second_passes(number: int, body: dict[str, Any]) -> tuple[int, int]:
    return (2, 4) if number == 1 else (4, 4)


def is_judge(body: dict[str, Any]) -> bool:
    return "careful clinical rater" in body["messages"][0]["content"]


def is_critique(body: dict[str, Any]) -> bool:
    return "You are the critic" in body["messages"][0]["content"]


def attempt_in(text: str) -> int:
    """The last attempt that a text names."""
    found = re.findall(r"Try (\d+)", text)
    return int(found[-1]) if found else 0


def grades(**scores: int) -> str:
    return json.dumps(
        {
            key: {"evidence": [], "rationale": f"It is a {score}.", "score": score}
            for key, score in scores.items()
        }
    )


def refined(body: dict[str, Any], grade: Grade) -> str:
    """Each attempt tells its number and its seed; the critique tells the attempt."""
    messages = body["messages"]
    if is_judge(body):
        warmth, persona = grade(attempt_in(messages[-1]["content"]), body)
        return grades(c1=warmth, c2=persona)
    if is_critique(body):
        return f"Say more than attempt {attempt_in(messages[-1]['content'])}."
    if "You are the supporter" in messages[0]["content"]:
        is_revision = messages[-1]["content"].startswith("Your reply did not pass")
        number = 1 + (attempt_in(messages[-2]["content"]) if is_revision else 0)
        return REPLY.format(said=f"Try {number} by {body['seed']}")
    return speak(body)


def script(grade: Grade = second_passes) -> Stub:
    return Stub(lambda body, count: answer(refined(body, grade)))


def critic(cast: Cast, voice: Endpoint, **changes: Any) -> CriticChoice:
    fields: dict[str, Any] = {
        "version": published(cast.project, RUBRIC),
        "judge": llm_judge(cast, voice, mode="all_in_one"),
    }
    return CriticChoice(**(fields | changes))


def refining_run(cast: Cast, voice: Endpoint, *, critic_is: dict[str, Any], **changes: Any) -> Any:
    """A planned generation with a critic."""
    return planned(cast, voice, critic=critic(cast, voice, **critic_is), **changes)


def attempts(run: GenerationRun) -> list[tuple[int, int, int, str, str, str]]:
    """(item, turn, number, verdict, text, critique) of all attempts of a run."""
    rows = Attempt.objects.filter(dialogue__generation_item__run=run)
    return list(
        rows.order_by("dialogue__generation_item__position", "position", "number").values_list(
            "dialogue__generation_item__position", "position", "number", "verdict", "text",
            "critique",
        )
    )  # fmt: skip
