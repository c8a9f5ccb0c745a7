"""The attempts at each supporter's turn of a dialogue that a generation wrote with a critic."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotation.models import Attempt, Dialogue, GenerationCritic
from rubrics.core.spec import RubricSpec, from_json
from rubrics.core.word_diff import Piece, words
from rubrics.judging.spans import parse_spans


@dataclass(frozen=True)
class Graded:
    """What the critic gave an attempt for one criterion, and what the run asks for, as “at least
    3”; empty where it asks for nothing. `is_short` says that the attempt did not reach it."""

    name: str
    value: float
    needed: str
    is_short: bool
    rationale: str


@dataclass(frozen=True)
class Tried:
    """One attempt. `pieces` is its text, marked where it differs from the attempt before;
    `problems` are those of its four spans; `most` is how many attempts a turn can have."""

    attempt: Attempt
    pieces: tuple[Piece, ...]
    problems: tuple[str, ...]
    grades: list[Graded]
    most: int
    # Whether a language model was asked.
    has_calls: bool

    @property
    def short(self) -> list[Graded]:
        return [grade for grade in self.grades if grade.is_short]


def attempts_of(dialogue: Dialogue) -> dict[int, list[Tried]]:
    """The attempts at each turn, by its position, in their order; none without a critic."""
    critic = (
        GenerationCritic.objects.filter(run__items__dialogue=dialogue)
        .select_related("spec", "judge")
        .first()
    )
    found: dict[int, list[Tried]] = {}
    if critic is None:
        return found
    spec = from_json(critic.spec.content)
    for attempt in dialogue.attempts.all():
        before = found.setdefault(attempt.position, [])
        text = before[-1].attempt.text if before else attempt.text
        before.append(
            Tried(
                attempt=attempt,
                pieces=words(text, attempt.text),
                problems=parse_spans(attempt.raw).problems,
                grades=list(_grades(attempt, spec, critic.thresholds)),
                most=critic.revisions + 1,
                has_calls=critic.judge.endpoint_id is not None,
            )
        )
    return found


def _grades(attempt: Attempt, spec: RubricSpec, needed: dict[str, Any]) -> Iterator[Graded]:
    """In the order of the rubric; what is not applicable is left out."""
    for criterion in spec.criteria:
        score = attempt.scores.get(criterion.uid)
        if score is None or score["value"] is None:
            continue
        level = needed.get(criterion.uid)
        bound = "at most" if criterion.counts_against else "at least"
        yield Graded(
            name=criterion.name,
            value=score["value"],
            needed=f"{bound} {level}" if level is not None else "",
            is_short=score["is_short"],
            rationale=score["rationale"],
        )
