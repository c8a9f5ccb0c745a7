"""ESConv and FailedESConv (Liu et al., ACL 2021, arXiv 2106.01144): one JSON array.

Turns by the same speaker in a row stay turns of their own. The seeker's survey becomes ratings
of the whole dialogue by the rater "seeker"; an answer that is missing is a rating without value.
Strategies and feedback, which belong to turns, and the supporter's survey are kept in `meta`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from annotation.formats.fields import (
    as_level,
    as_list,
    as_object,
    as_text,
    check_turn_count,
    optional_text,
    records,
    required,
)
from annotation.formats.hashing import content_hash
from annotation.formats.json_files import json_entries
from annotation.formats.records import (
    LIMITS,
    Broken,
    Limits,
    ParsedDialogue,
    ParsedRating,
    ParsedTurn,
    Record,
    RecordRefused,
    Role,
    plain_turn,
)

CRITERIA = ("initial_emotion_intensity", "empathy", "relevance", "final_emotion_intensity")
RATER = "seeker"

# FailedESConv says speaker and listener, ESConv seeker and supporter.
_ROLES: dict[str, Role] = {
    "speaker": "seeker",
    "seeker": "seeker",
    "listener": "supporter",
    "supporter": "supporter",
}


def read(file: BinaryIO, limits: Limits = LIMITS) -> Iterator[Record | Broken]:
    """Yield a record an entry, `line` being its index from 1.

    Raises UnreadableFile where the file as a whole can't be read.
    """
    return records(json_entries(file, limits), lambda value: _dialogue(value, limits), limits)


def _dialogue(value: Any, limits: Limits) -> ParsedDialogue:
    row = as_object(value, "the entry")
    said = as_list(required(row, "dialog"), '"dialog"')
    check_turn_count(said, '"dialog"', limits)
    turns = [as_object(turn, f"turn {number}") for number, turn in enumerate(said, start=1)]
    notes = [
        as_object(turn.get("annotation") or {}, f"the annotation of turn {number}")
        for number, turn in enumerate(turns, start=1)
    ]
    survey = as_object(row.get("survey_score") or {}, '"survey_score"')
    dialogue = ParsedDialogue(
        source_key="",
        turns=tuple(_turn(turn, number) for number, turn in enumerate(turns, start=1)),
        split_group="",
        situation=optional_text(row, "situation"),
        emotion=optional_text(row, "emotion_type", limits.emotion_chars),
        ratings=tuple(
            ParsedRating(None, name, answer) for name, answer in _survey(survey, "seeker").items()
        ),
        rater=RATER,
        meta={
            "experience_type": optional_text(row, "experience_type"),
            "problem_type": optional_text(row, "problem_type"),
            "strategies": [optional_text(note, "strategy") or None for note in notes],
            "feedback": [_answer(note.get("feedback"), "feedback") for note in notes],
            "supporter_survey": _survey(survey, "supporter"),
        },
    )
    key = content_hash(dialogue)
    return replace(dialogue, source_key=key, split_group=key)


def _turn(turn: dict[str, Any], number: int) -> ParsedTurn:
    speaker = turn.get("speaker")
    if not isinstance(speaker, str) or speaker not in _ROLES:
        raise RecordRefused(f"turn {number} has an unknown speaker; known are {', '.join(_ROLES)}")
    raw = as_text(turn.get("content"), f"the content of turn {number}")
    return plain_turn(_ROLES[speaker], raw)


def _survey(survey: dict[str, Any], side: str) -> dict[str, int | None]:
    """Answers by question: of the seeker all four, None where missing; of the supporter any."""
    answers = as_object(survey.get(side) or {}, f"the survey of the {side}")
    asked = CRITERIA if side == RATER else sorted(answers)
    return {name: _answer(answers.get(name), f"{name} of the {side}") for name in asked}


def _answer(value: Any, name: str) -> int | None:
    """An answer 1-5, which the files write as text; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value in {"1", "2", "3", "4", "5"}:
        return int(value)
    return as_level(value, name, 1, 5)
