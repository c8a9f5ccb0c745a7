"""A turn as pages show it to a rater."""

from dataclasses import dataclass
from typing import Any

from annotation.models import Target


@dataclass(frozen=True)
class ShownTurn:
    """A turn as `templates/components/turn.html` reads it."""

    position: int
    role: str
    text: str
    understanding: str = ""
    reasoning: str = ""
    emotion: str = ""

    @property
    def get_role_display(self) -> str:
        return self.role.capitalize()


def turns_of(target: Target, context: dict[str, Any]) -> tuple[list[ShownTurn], ShownTurn | None]:
    """The turns before, and the one to rate; a dialogue as a whole has all its turns before."""
    history, candidate = context["history"], context["candidate"]
    last = target.turn.position if target.turn is not None else len(history)
    before = [
        ShownTurn(last - len(history) + index, turn["role"], turn["text"])
        for index, turn in enumerate(history)
    ]
    if target.kind == Target.Kind.DIALOGUE:
        return before, None
    return before, reply_of(last, candidate)


def reply_of(position: int, candidate: dict[str, str]) -> ShownTurn:
    """What is rated, with its spans; as it was written where no response could be read."""
    return ShownTurn(
        position,
        "supporter",
        candidate["response"] or candidate["raw"],
        candidate["understanding"],
        candidate["reasoning"],
        candidate["emotion"],
    )
