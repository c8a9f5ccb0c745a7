"""One synthesized dialogue: a seeker simulator and a supporter take turns.

Pure: models are injected callables, and the caller keeps each turn before the next is asked for,
so that a dialogue goes on where it stopped. Critique and refinement join here.
Source: Kardia-R1 (arXiv 2512.01282), “model-in-the-loop synthesis”.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from annotation.generation.prompts import Turn, prompt_messages, seeker_messages
from rubrics.core.text import canon
from rubrics.judging.inputs import candidate_of
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import ModelError
from webapp.text import storable

SEEKER_MAX_TOKENS = 120
SUPPORTER_MAX_TOKENS = 320
ATTEMPTS = 3

Speaker = Literal["seeker", "supporter"]


class Completion(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def calls(self) -> Sequence[CallRecord]: ...


class Complete(Protocol):
    """One request to a model, with retries and limits of its own."""

    async def __call__(
        self,
        messages: Sequence[Any],
        *,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> Completion: ...


@dataclass(frozen=True)
class Plan:
    """What a dialogue is made from. `seed` and a turn's position decide its sample."""

    profile: str
    situation: str
    emotion: str
    exchanges: int
    temperature: float
    seed: int


@dataclass(frozen=True)
class GeneratedTurn:
    """A turn with the calls that were made for it, oldest first; the last one wrote it."""

    position: int
    speaker: Speaker
    raw: str
    spans: dict[str, str]
    text: str
    calls: tuple[CallRecord, ...]


class NoTurn(Exception):
    """No turn of `speaker` came of the calls that were made for it; the message says why.
    `cause` is the model's error, where it was one."""

    def __init__(
        self,
        message: str,
        speaker: Speaker,
        calls: Sequence[CallRecord],
        cause: ModelError | None = None,
    ) -> None:
        super().__init__(message)
        self.speaker = speaker
        self.calls = calls
        self.cause = cause


def turn_seed(seed: int, position: int, attempt: int = 0) -> int:
    """A seed of 31 bits for one turn, the same whenever that turn is made."""
    place = f"{seed}/{position}" if attempt == 0 else f"{seed}/{position}/{attempt}"
    digest = hashlib.sha256(place.encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


async def converse(
    plan: Plan, history: Sequence[Turn], *, simulator: Complete, supporter: Complete
) -> AsyncIterator[GeneratedTurn]:
    """The turns after `history`, one at a time, up to `plan.exchanges` exchanges.

    Raises NoTurn."""
    said = list(history)
    for position in range(len(said), 2 * plan.exchanges):
        if position % 2 == 0:
            turn = await _speak(plan, said, position, "seeker", simulator)
        else:
            turn = await _speak(plan, said, position, "supporter", supporter)
        said.append({"role": turn.speaker, "text": turn.text})
        yield turn


async def _speak(
    plan: Plan, said: Sequence[Turn], position: int, speaker: Speaker, complete: Complete
) -> GeneratedTurn:
    if speaker == "seeker":
        messages = seeker_messages(plan.profile, plan.situation, plan.emotion, said)
        max_tokens = SEEKER_MAX_TOKENS
    else:
        messages = prompt_messages(plan.profile, plan.situation, said)
        max_tokens = SUPPORTER_MAX_TOKENS
    # A weak model now and then ends a turn before its first word: it is asked again, by another
    # seed, before the dialogue is given up.
    calls: list[CallRecord] = []
    for attempt in range(ATTEMPTS):
        sampling: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": plan.temperature,
            "seed": turn_seed(plan.seed, position, attempt),
        }
        try:
            completion = await complete(messages, **sampling)
        except ModelError as error:
            raise NoTurn(str(error), speaker, [*calls, *error.calls], error) from error
        calls += completion.calls
        raw = storable(completion.text)
        # A broken reply keeps what can be told apart; its dialogue goes on with what was said.
        spans = candidate_of(raw) if speaker == "supporter" else {"response": canon(raw)}
        if spans["response"]:
            return GeneratedTurn(
                position=position,
                speaker=speaker,
                raw=raw,
                spans=spans,
                text=spans["response"],
                calls=tuple(calls),
            )
    raise NoTurn(f"The {speaker}’s turn {position + 1} was empty.", speaker, calls)
