"""What every reader of an outside file yields: good records and broken ones, in bounds."""

from dataclasses import dataclass, field
from typing import Any, Literal

from rubrics.core.text import canon
from rubrics.judging.spans import SPAN_NAMES, parse_spans, said_to_seeker, without_thinking

Role = Literal["seeker", "supporter", "system"]


class UnreadableFile(ValueError):
    """The file as a whole can't be read; the message is a sentence for people."""


class RecordRefused(ValueError):
    """One record can't be read; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class ParsedTurn:
    """One turn.

    `text` is what the other person reads: of a supporter turn with four spans the response,
    otherwise the whole text. `spans` (understanding, reasoning, emotion, response) and
    `spelling` are None where the turn has no well-formed spans.
    """

    role: Role
    text: str
    raw: str
    spans: dict[str, str] | None = None
    spelling: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedRating:
    """One score by the dialogue's `rater`.

    `turn_index` is None for a rating of the whole dialogue; `value` is None where the source
    has no answer, so that missing stays missing. Rationales are quotes, in the file's order;
    a quote need not be found in the turn.
    """

    turn_index: int | None
    criterion: str
    value: int | None
    rationales: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDialogue:
    """One dialogue of any source.

    `source_key` is the source's own id, or the content hash where it has none. `split_group`
    names what must not be spread over train and test: the profile, or else the conversation.
    `emotion` is the source's free text; `emotions.emotion_label` says which of the 32 it is.
    `meta` holds what only this source has, as plain JSON.
    """

    source_key: str
    turns: tuple[ParsedTurn, ...]
    split_group: str
    situation: str = ""
    emotion: str = ""
    profile_text: str = ""
    mbti: str = ""
    username: str = ""
    ratings: tuple[ParsedRating, ...] = ()
    rater: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A dialogue that was read; `key` is unique within its source."""

    line: int
    key: str
    dialogue: ParsedDialogue


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that was not read, why, and the start of what stands there."""

    line: int
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one line (or array entry), each refused with a reason when passed."""

    record_bytes: int = 2_000_000
    depth: int = 32
    turns: int = 500
    # Of one turn, and of a profile or a situation.
    text_chars: int = 50_000
    emotion_chars: int = 80
    mbti_chars: int = 8
    username_chars: int = 120


LIMITS = Limits()


def plain_turn(role: Role, raw: str) -> ParsedTurn:
    """A turn without spans. What a model thought before it wrote is no part of the text."""
    if role == "supporter":
        return ParsedTurn(role, said_to_seeker(raw), raw)
    return ParsedTurn(role, canon(raw if role == "system" else without_thinking(raw)), raw)


def supporter_turn(raw: str) -> tuple[ParsedTurn, tuple[str, ...]]:
    """A supporter's reply with its four spans, and what is wrong with them.

    A reply with problems is kept without spans. Its text is the response where that span is
    whole, otherwise what stands outside of the spans, which may be nothing: what was said to
    the seeker is never the reasoning.
    """
    reply = parse_spans(raw)
    if reply.spans is None:
        return ParsedTurn("supporter", said_to_seeker(raw), raw), reply.problems
    spans = {name: getattr(reply.spans, name) for name in SPAN_NAMES}
    turn = ParsedTurn("supporter", spans["response"], raw, spans, reply.spelling)
    return turn, ()
