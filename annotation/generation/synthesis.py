"""One synthesized dialogue: a seeker simulator and a supporter take turns.

Pure: models are injected callables, and the caller keeps each turn before the next is asked for,
so that a dialogue goes on where it stopped. The caller also says how a reply is made: by the
supporter at once, or with a critic (`annotation.generation.refining`).
Source: Kardia-R1 (arXiv 2512.01282), “model-in-the-loop synthesis”.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from annotation.formats.records import LIMITS
from annotation.generation.prompts import Message, Turn, prompt_messages, seeker_messages
from rubrics.core.text import canon
from rubrics.judging.inputs import candidate_of
from rubrics.judging.spans import without_thinking
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
    """A turn with the calls that were made for it, oldest first; the last one wrote it, with
    `seed`. `is_last` ends the dialogue before its planned exchanges."""

    position: int
    speaker: Speaker
    raw: str
    spans: dict[str, str]
    text: str
    calls: tuple[CallRecord, ...]
    seed: int
    is_last: bool = False


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


def why_too_long(raw: str) -> str:
    """Why no turn is made of what a model wrote; empty where a person can read it. A server need
    not heed a limit of tokens."""
    most = LIMITS.text_chars
    return f"It has {len(raw):,} characters. At most {most:,} are kept." if len(raw) > most else ""


# Makes the supporter's turn that answers what was said so far.
Reply = Callable[[Sequence[Turn]], Awaitable[GeneratedTurn]]


def turn_seed(seed: int, position: int, attempt: int = 0, *, revision: int = 0) -> int:
    """A seed of 31 bits for one turn, the same whenever that turn is made. `revision` counts how
    often a critic sent the turn back, `attempt` how often a model gave nothing for it."""
    place = f"{seed}/{position}" + (f"/revision {revision}" if revision else "")
    if attempt:
        place = f"{place}/{attempt}"
    digest = hashlib.sha256(place.encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


async def converse(
    plan: Plan, history: Sequence[Turn], *, simulator: Complete, reply: Reply
) -> AsyncIterator[GeneratedTurn]:
    """The turns after `history`, one at a time, up to `plan.exchanges` exchanges or to a turn that
    is the last.

    Raises NoTurn, and what `reply` raises."""
    said = list(history)
    for position in range(len(said), 2 * plan.exchanges):
        turn = await (ask_seeker(plan, said, simulator) if position % 2 == 0 else reply(said))
        said.append({"role": turn.speaker, "text": turn.text})
        yield turn
        if turn.is_last:
            return


async def ask_seeker(plan: Plan, said: Sequence[Turn], complete: Complete) -> GeneratedTurn:
    """The seeker's turn after what was said. Raises NoTurn."""
    messages = seeker_messages(plan.profile, plan.situation, plan.emotion, said)
    return await _speak(plan, len(said), "seeker", messages, complete)


async def ask_supporter(
    plan: Plan,
    said: Sequence[Turn],
    complete: Complete,
    *,
    sent_back: Sequence[Message] = (),
    revision: int = 0,
) -> GeneratedTurn:
    """The supporter's turn after what was said. `sent_back` is the attempt before with what the
    critic says of it, for a revision. Raises NoTurn."""
    messages = [*prompt_messages(plan.profile, plan.situation, said), *sent_back]
    return await _speak(plan, len(said), "supporter", messages, complete, revision=revision)


async def _speak(
    plan: Plan,
    position: int,
    speaker: Speaker,
    messages: Sequence[Message],
    complete: Complete,
    *,
    revision: int = 0,
) -> GeneratedTurn:
    # A weak model now and then ends a turn before its first word, or in the middle of its
    # reasoning: it is asked again, by another seed, before the dialogue is given up.
    calls: list[CallRecord] = []
    raw = ""
    for attempt in range(ATTEMPTS):
        seed = turn_seed(plan.seed, position, attempt, revision=revision)
        sampling: dict[str, Any] = {
            "max_tokens": SEEKER_MAX_TOKENS if speaker == "seeker" else SUPPORTER_MAX_TOKENS,
            "temperature": plan.temperature,
            "seed": seed,
        }
        try:
            completion = await complete(messages, **sampling)
        except ModelError as error:
            raise NoTurn(str(error), speaker, [*calls, *error.calls], error) from error
        calls += completion.calls
        raw = storable(completion.text)
        if why_too_long(raw):
            continue
        # A broken reply keeps what can be told apart; its dialogue goes on with what was said.
        spans = (
            candidate_of(raw)
            if speaker == "supporter"
            else {"response": canon(without_thinking(raw))}
        )
        if spans["response"]:
            text = spans["response"]
            return GeneratedTurn(position, speaker, raw, spans, text, tuple(calls), seed)
    why = "said nothing but its reasoning." if raw.strip() else "was empty."
    if too_long := why_too_long(raw):
        why = f"is too long. {too_long}"
    raise NoTurn(f"The {speaker}’s turn {position + 1} {why}", speaker, calls)
