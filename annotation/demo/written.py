"""The written corpus of the demo: dialogues, other replies to their turns, and the levels that
their authors gave. Pure; corpus/README.md is its data card.

`dialogues.jsonl` and `plain.jsonl` have the columns of KardiaBench (arXiv 2512.01282) and three of
their own: `id`, `split` and `risk`. `replies.jsonl` has one other reply a line: `id`, `dialogue`,
`turn` (the place of the supporter's message that it stands in for), `kind`, `content` (four spans)
and `ratings`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from annotation.formats import kardiabench
from annotation.formats.records import Broken, ParsedDialogue, supporter_turn

FOLDER = Path(__file__).parent / "corpus"
DIALOGUES = FOLDER / "dialogues.jsonl"
REPLIES = FOLDER / "replies.jsonl"
# Short and plain ones, for a small model to learn from; of people of their own.
PLAIN = FOLDER / "plain.jsonl"

# What each kind of dialogues has as its source in a project.
SOURCE, OTHER_SOURCE = "written", "other replies"

# A project with this seed gives each profile the split that the files name.
SPLIT_SEED = UUID("45f186a5-0146-5271-994e-009ded6de396")

Author = Literal["A", "B"]


class CorpusBroken(ValueError):
    """A file of the corpus can't be read; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class WrittenDialogue:
    """`split` is train, validation or test, and the same for all dialogues of a profile. `risk`
    names the sign of risk that the seeker gives, and is empty where there is none."""

    id: str
    split: str
    risk: str
    dialogue: ParsedDialogue


@dataclass(frozen=True, slots=True)
class AuthorRating:
    """The levels (1 to 5) of one author by the name of the criterion, and one sentence why."""

    author: Author
    levels: Mapping[str, int]
    why: str


@dataclass(frozen=True, slots=True)
class OtherReply:
    """Another reply to a turn of a written dialogue. `turn` counts from 0. Of two ratings the
    first is by the author who wrote the reply; the second author read only text and rubric."""

    id: str
    dialogue: str
    turn: int
    kind: str
    content: str
    ratings: tuple[AuthorRating, ...]


def written_dialogues() -> list[WrittenDialogue]:
    return _dialogues(DIALOGUES)


def plain_dialogues() -> list[WrittenDialogue]:
    """One or two exchanges each, in everyday words."""
    return _dialogues(PLAIN)


def _dialogues(path: Path) -> list[WrittenDialogue]:
    with path.open("rb") as file:
        records = list(kardiabench.read(file))
    rows = list(_rows(path))
    if len(records) != len(rows):
        raise CorpusBroken(f"{path.name} has {len(rows)} lines and {len(records)} records.")
    return [_dialogue(path, record, row) for record, row in zip(records, rows, strict=True)]


def _dialogue(
    path: Path, record: kardiabench.Record | Broken, row: Mapping[str, Any]
) -> WrittenDialogue:
    if isinstance(record, Broken):
        raise CorpusBroken(f"{path.name}, line {record.line}: {record.reason}")
    parsed = replace(record.dialogue, source_key=row["id"])
    return WrittenDialogue(row["id"], row["split"], row["risk"], parsed)


def other_replies() -> list[OtherReply]:
    return [
        OtherReply(
            id=row["id"],
            dialogue=row["dialogue"],
            turn=row["turn"],
            kind=row["kind"],
            content=row["content"],
            ratings=tuple(AuthorRating(**rating) for rating in row["ratings"]),
        )
        for row in _rows(REPLIES)
    ]


def answered_with(dialogue: ParsedDialogue, reply: OtherReply) -> ParsedDialogue:
    """The dialogue up to the turn that `reply` stands in for, with the reply as its last turn."""
    answer, problems = supporter_turn(reply.content)
    if problems:
        raise CorpusBroken(f"{REPLIES.name}, {reply.id}: {'; '.join(problems)}")
    turns = (*dialogue.turns[: reply.turn], answer)
    return replace(dialogue, source_key=reply.id, turns=turns)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)
