"""EPITOME (Sharma et al., EMNLP 2020, arXiv 2009.08441) as JSON Lines.

One line is a seeker's post, one response, and for each of three mechanisms of empathy a level
0-2 with the passages that show it. It becomes a dialogue of two turns with one external
rater's scores on the response.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from annotation.formats.fields import (
    as_level,
    as_list,
    as_object,
    as_text,
    records,
    required,
    required_text,
)
from annotation.formats.json_files import json_lines
from annotation.formats.records import (
    LIMITS,
    Broken,
    Limits,
    ParsedDialogue,
    ParsedRating,
    Record,
    RecordRefused,
    plain_turn,
)
from rubrics.core.text import canon

CRITERIA = ("emotional_reactions", "interpretations", "explorations")
RATER = "epitome annotator"

# Ids become keys of the database; without "/" in them, joining two of them by it is unambiguous.
_ID = re.compile(r"[\w.:-]{1,64}")
_SUPPORTER_TURN = 1


def read(file: BinaryIO, limits: Limits = LIMITS) -> Iterator[Record | Broken]:
    """Yield a record a line; raises UnreadableFile where the file as a whole can't be read."""
    return records(json_lines(file, limits), _dialogue, limits)


def _dialogue(value: Any) -> ParsedDialogue:
    row = as_object(value, "the line")
    seeker_id = _id(row, "seeker_id")
    turns = (
        plain_turn("seeker", required_text(row, "seeker_post")),
        plain_turn("supporter", required_text(row, "response_post")),
    )
    return ParsedDialogue(
        source_key=f"{seeker_id}/{_id(row, 'response_id')}",
        turns=turns,
        split_group=seeker_id,
        ratings=_ratings(row),
        rater=RATER,
    )


def _id(row: dict[str, Any], name: str) -> str:
    text = required_text(row, name)
    if not _ID.fullmatch(text):
        raise RecordRefused(f'"{name}" should be 1 to 64 letters, digits or . _ : -')
    return text


def _ratings(row: dict[str, Any]) -> tuple[ParsedRating, ...]:
    levels = as_object(required(row, "levels"), '"levels"')
    quotes = as_object(required(row, "rationales"), '"rationales"')
    return tuple(
        ParsedRating(
            turn_index=_SUPPORTER_TURN,
            criterion=name,
            value=as_level(_of(levels, "levels", name), f"the level of {name}", 0, 2),
            rationales=tuple(
                canon(as_text(quote, f"a rationale of {name}"))
                for quote in as_list(_of(quotes, "rationales", name), f"rationales of {name}")
            ),
        )
        for name in CRITERIA
    )


def _of(found: dict[str, Any], column: str, name: str) -> Any:
    if name not in found:
        raise RecordRefused(f'"{column}" has no entry for {name}')
    return found[name]
