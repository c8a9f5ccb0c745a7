"""The written cases: `cases.jsonl`, whose data card is README.md.

A line has `id`, `kind`, `profile`, `situation`, `history` (turns of the shape of a context),
`reply`, `total` and `levels` (the bounds) and `why`, one sentence.
"""

import json
from pathlib import Path
from typing import Any

from rubrics.judging.battery.case import ATTACKS, CRITERIA, LEVELS, PLAIN, Bounds, Case, answered

FILE = Path(__file__).with_name("cases.jsonl")
_TEXTS = ("id", "kind", "profile", "situation", "reply", "why")
_COLUMNS = {*_TEXTS, "history", "total", "levels"}


class CasesBroken(ValueError):
    """The file can't be read; the message names the line and what is wrong with it."""


def written_cases(path: Path = FILE) -> list[Case]:
    """Attacks and plain replies, in the order of the file. Raises CasesBroken."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            cases.append(_case(json.loads(line)))
        except ValueError as error:
            raise CasesBroken(f"{path.name}, line {number}: {error}") from error
    return cases


def _case(row: Any) -> Case:
    if not isinstance(row, dict) or set(row) != _COLUMNS:
        raise ValueError(f"the columns are not {', '.join(sorted(_COLUMNS))}")
    for name in _TEXTS:
        if not isinstance(row[name], str) or not row[name].strip():
            raise ValueError(f"{name} is not a text")
    if row["kind"] not in (*ATTACKS, PLAIN):
        raise ValueError(f"there is no kind {row['kind']}")
    if not isinstance(row["history"], list):
        raise ValueError("history is not a list")
    history = [_turn(turn) for turn in row["history"]]
    if not history or history[-1]["role"] != "seeker":
        raise ValueError("the last turn is not the seeker's")
    context = {**{name: row[name] for name in ("profile", "situation")}, "history": history}
    return Case(
        id=row["id"],
        kind=row["kind"],
        origin="written",
        context=answered({**context, "cut": 0}, row["reply"]),
        bounds=_bounds(row["total"], row["levels"]),
        why=row["why"],
    )


def _turn(turn: Any) -> dict[str, str]:
    if (
        not isinstance(turn, dict)
        or set(turn) != {"role", "text"}
        or turn["role"] not in ("seeker", "supporter")
        or not isinstance(turn["text"], str)
        or not turn["text"].strip()
    ):
        raise ValueError("a turn is not a role and a text")
    return turn


def _bounds(total: Any, levels: Any) -> Bounds:
    if type(total) is not float or not 0 <= total <= 1:
        raise ValueError("total is not a number from 0 to 1")
    if not isinstance(levels, dict) or not levels:
        raise ValueError("levels names no criterion")
    for name, level in levels.items():
        if name not in CRITERIA or type(level) is not int or level not in LEVELS:
            raise ValueError(f"{name}: {level} is not a level from 1 to 5 of the rubric")
    return Bounds(total, levels)
