"""The content hash of a dialogue, its key where the source has no id of its own."""

import hashlib
from typing import Any

import rfc8785

from annotation.formats.records import ParsedDialogue, ParsedTurn
from rubrics.core.text import canon


def content_hash(dialogue: ParsedDialogue) -> str:
    """sha256 (hex) over the RFC 8785 JSON of what the dialogue says.

    Spans stand in for the raw text where a turn has them, so both spellings hash alike.
    Source, ratings and `meta` are no part of it: they are about the dialogue, not in it.
    """
    parts = {
        "profile": canon(dialogue.profile_text),
        "mbti": canon(dialogue.mbti),
        "username": canon(dialogue.username),
        "emotion": canon(dialogue.emotion),
        "situation": canon(dialogue.situation),
        "turns": [_turn_parts(turn) for turn in dialogue.turns],
    }
    return sha256_json(parts)


def sha256_json(value: Any) -> str:
    """sha256 (hex) of the RFC 8785 JSON of a JSON value."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def _turn_parts(turn: ParsedTurn) -> dict[str, object]:
    if turn.spans is None:
        return {"role": turn.role, "text": canon(turn.raw)}
    return {"role": turn.role, "spans": {name: canon(text) for name, text in turn.spans.items()}}
