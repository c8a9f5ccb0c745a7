"""Answers with proposals, good and broken."""

import json
from typing import Any

from annotation.suggestions.prompts import ShownText

ANCHOR = {
    "criterion": "c1",
    "level": 2,
    "anchor": "Says that it is hard, without naming what the seeker feels.",
    "reason": "Raters read “general words” in two ways.",
    "texts": ["t1"],
}
CRITERION = {
    "name": "Pace",
    "description": "Does the reply give the seeker time?",
    "levels": [
        {"value": 1, "label": "Rushed", "anchor": "Three questions in a row."},
        {"value": 2, "label": "Calm", "anchor": "One question at most."},
    ],
    "reason": "Two raters marked down a rushed reply.",
    "texts": ["t1"],
}
GOOD = {"anchors": [ANCHOR], "criteria": [CRITERION]}
TEXTS = [ShownText("warmth", "It is late.", "That sounds hard.", [1.0, 3.0], [2.0])]


def changed(what: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return what | fields


BROKEN = {
    "nonsense": "I would sharpen level 2.",
    "words around a fence": f"Sure:\n```json\n{json.dumps(GOOD)}\n```",
    "half": json.dumps(GOOD)[:80],
    "a list": json.dumps([GOOD]),
    "no criteria": json.dumps({"anchors": []}),
    "more than asked": json.dumps(GOOD | {"publish": True}),
    "another field": json.dumps({**GOOD, "anchors": [changed(ANCHOR, weight=5)]}),
    "an unknown criterion": json.dumps({**GOOD, "anchors": [changed(ANCHOR, criterion="c9")]}),
    "a binary criterion": json.dumps({**GOOD, "anchors": [changed(ANCHOR, criterion="c2")]}),
    "a level that is none": json.dumps({**GOOD, "anchors": [changed(ANCHOR, level=7)]}),
    "a level between two": json.dumps({**GOOD, "anchors": [changed(ANCHOR, level=1.5)]}),
    "a level as true": json.dumps({**GOOD, "anchors": [changed(ANCHOR, level=True)]}),
    "an empty anchor": json.dumps({**GOOD, "anchors": [changed(ANCHOR, anchor=" ")]}),
    "an endless anchor": json.dumps({**GOOD, "anchors": [changed(ANCHOR, anchor="x" * 9000)]}),
    "no text": json.dumps({**GOOD, "anchors": [changed(ANCHOR, texts=[])]}),
    "an unknown text": json.dumps({**GOOD, "anchors": [changed(ANCHOR, texts=["t2"])]}),
    "one anchor twice": json.dumps({**GOOD, "anchors": [ANCHOR, ANCHOR]}),
    "too many": json.dumps({**GOOD, "anchors": [ANCHOR] * 40}),
    "a name that is taken": json.dumps({**GOOD, "criteria": [changed(CRITERION, name="WARMTH")]}),
    "one level": json.dumps(
        {**GOOD, "criteria": [changed(CRITERION, levels=CRITERION["levels"][:1])]}
    ),
    "a level twice": json.dumps(
        {**GOOD, "criteria": [changed(CRITERION, levels=[CRITERION["levels"][0]] * 2)]}
    ),
}
