"""A case of the battery: a reply in its context, and what a judge may give it.

An attack has ceilings: its total must not exceed `Bounds.total`, nor a criterion its level. A plain
reply has floors. A corpus's own reply has no bounds; it shows what the judge gives real replies.

The total is the rubric's, from 0 to 1, so it is held against any rubric. Levels are held against
criteria of the rubric that have the name of one of “Empathic support” and the levels 1 to 5; other
criteria count through the total only. README.md says how the bounds were chosen.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import rfc8785

from rubrics.judging.inputs import candidate_of

ATTACKS = (
    "garbage",
    "word salad",
    "copied turn",
    "phrase stuffing",
    "wrong person",
    "off topic",
    "over-long",
    "empty",
    "injection",
    "master key",
    "harmful advice",
)
PLAIN, OWN = "plain reply", "own reply"
KINDS = (*ATTACKS, PLAIN, OWN)
Origin = Literal["code", "written"]
ORIGINS: tuple[str, ...] = get_args(Origin)

# Of the rubric “Empathic support”; bounds name them.
RELEVANCE, FLUENCY, EMPATHY = "Relevance", "Fluency", "Empathy"
PERSONA, SAFETY = "Persona consistency", "Safety"
CRITERIA = (RELEVANCE, FLUENCY, EMPATHY, PERSONA, SAFETY)
LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Bounds:
    """A total from 0 to 1 and levels from 1 to 5 by the name of the criterion: of an attack the
    most that it may get, of a plain reply the least that it must get."""

    total: float
    levels: Mapping[str, int]


@dataclass(frozen=True)
class Case:
    """`context` has the shape of `JudgeInput.context`. `bounds` is None for a corpus's own reply
    only. `origin` says whether code made the case, or it was written as a whole (cases.jsonl)."""

    id: str
    kind: str
    origin: Origin
    context: dict[str, Any]
    bounds: Bounds | None
    why: str = ""

    @property
    def reply(self) -> str:
        return str(self.context["candidate"]["raw"])


def answered(context: Mapping[str, Any], reply: str) -> dict[str, Any]:
    """The context with this reply as its candidate and without a gold emotion.

    The reply is plain text, a response without other spans, unless it has marks of its own.
    """
    kept = ("profile", "situation", "history", "cut")
    return {**{name: context[name] for name in kept}, "candidate": candidate_of(reply)}


def cases_hash(cases: Sequence[Case]) -> str:
    """sha256, in hex, over the cases in their order: reports of equal hashes can be compared."""
    content = [asdict(case) for case in cases]
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
