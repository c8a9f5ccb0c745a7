"""The file that the road imports: dialogues of the starter's grammar as lines of KardiaBench."""

import json
from pathlib import Path
from typing import Any

from tests.support.starter.corpus import dialogues

# A split is drawn by profile, in each project anew. With so many profiles none stays empty, and the
# test split has enough of them for an interval.
DRAWN = 300
BROKEN = ('{"person": "MBTI: INFP", "messages": [', '{"person": "MBTI: ESTJ", "messages": []}')
# The grades of the grammar go from 1 to 5, the levels of the road's rubric from 1 to 3.
LEVELS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 3}


class Corpus:
    """The file, and what a careful reader finds in its replies."""

    def __init__(self, folder: Path) -> None:
        drawn = dialogues(DRAWN, 11, split="test")
        # One of each person.
        rows = list({row["profile"]["username"]: row for row in drawn}.values())
        self.dialogues = len(rows)
        self.file = folder / "steady.jsonl"
        lines = [json.dumps(_line(row)) for row in rows]
        self.file.write_text("\n".join([*lines, *BROKEN]) + "\n", encoding="utf-8")
        replies = (turn for row in rows for turn in row["turns"] if turn["role"] == "supporter")
        self._grades = {turn["text"]: turn["grades"] for turn in replies}

    def levels(self, reply: str) -> tuple[int, int]:
        """What a careful rater gives this reply for warmth and for attention."""
        grades = self._grades[reply]
        return LEVELS[grades["empathy"]], LEVELS[grades["relevance"]]


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "person": row["profile"]["text"],
        "mbti": row["profile"]["mbti"],
        "emotion": row["emotion"],
        "situation": row["situation"],
        "anon_username": row["profile"]["username"],
        "messages": [
            {"role": "assistant", "content": turn["raw"]}
            if turn["role"] == "supporter"
            else {"role": "user", "content": turn["text"]}
            for turn in row["turns"]
        ],
    }
