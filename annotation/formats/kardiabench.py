"""KardiaBench (arXiv 2512.01282) as JSON Lines, one dialogue a line.

Columns: person, mbti, emotion, situation, anon_username and messages, a list of
{role: system | user | assistant, content}. An assistant's message holds four spans in either
spelling; one whose spans are malformed is kept as text, with the problems in
`meta["span_problems"]`, since it is the format check's to judge and not a broken line.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from annotation.formats.fields import (
    as_list,
    as_object,
    as_text,
    check_turn_count,
    optional_text,
    records,
    required,
)
from annotation.formats.hashing import content_hash
from annotation.formats.json_files import json_lines
from annotation.formats.records import (
    LIMITS,
    Broken,
    Limits,
    ParsedDialogue,
    ParsedTurn,
    Record,
    RecordRefused,
    Role,
    plain_turn,
    supporter_turn,
)

_ROLES: dict[str, Role] = {"system": "system", "user": "seeker", "assistant": "supporter"}


def read(file: BinaryIO, limits: Limits = LIMITS) -> Iterator[Record | Broken]:
    """Yield a record a line; raises UnreadableFile where the file as a whole can't be read."""
    return records(json_lines(file, limits), lambda value: _dialogue(value, limits), limits)


def _dialogue(value: Any, limits: Limits) -> ParsedDialogue:
    row = as_object(value, "the line")
    messages = as_list(required(row, "messages"), '"messages"')
    check_turn_count(messages, '"messages"', limits)
    read_turns = [_turn(message, number) for number, message in enumerate(messages, start=1)]
    turns = tuple(turn for turn, _ in read_turns)
    if all(turn.role == "system" for turn in turns):
        raise RecordRefused('"messages" has no turn by a seeker or supporter')
    span_problems = [
        {"turn": index, "problems": list(problems)}
        for index, (_, problems) in enumerate(read_turns)
        if problems
    ]
    dialogue = ParsedDialogue(
        source_key="",
        turns=turns,
        split_group="",
        situation=optional_text(row, "situation"),
        emotion=optional_text(row, "emotion", limits.emotion_chars),
        profile_text=optional_text(row, "person"),
        mbti=optional_text(row, "mbti", limits.mbti_chars),
        username=optional_text(row, "anon_username", limits.username_chars),
        meta={"span_problems": span_problems} if span_problems else {},
    )
    key = content_hash(dialogue)
    return replace(dialogue, source_key=key, split_group=_split_group(dialogue) or key)


def _turn(value: Any, number: int) -> tuple[ParsedTurn, tuple[str, ...]]:
    message = as_object(value, f"message {number}")
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise RecordRefused(f"message {number} has an unknown role; known are {', '.join(_ROLES)}")
    raw = as_text(message.get("content"), f"the content of message {number}")
    role = _ROLES[name]
    return supporter_turn(raw) if role == "supporter" else (plain_turn(role, raw), ())


def _split_group(dialogue: ParsedDialogue) -> str:
    """The profile: by its user name, since one person's text may differ between dialogues."""
    if dialogue.username:
        return dialogue.username
    profile = dialogue.profile_text
    return hashlib.sha256(profile.encode()).hexdigest() if profile else ""
