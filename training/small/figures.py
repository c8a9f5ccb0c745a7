"""What a small language model says to people of the written corpus that it was not trained on:
those of the short, plain dialogues and those of the long ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.demo.sameness import distinct2, words
from annotation.demo.written import WrittenDialogue, plain_dialogues, written_dialogues
from annotation.formats.emotions import emotion_label
from annotation.generation.prompts import Turn, prompt_messages
from rubrics.judging.spans import Spans, parse_spans

# What a reader found in replies: a line each, beside the adapter.
READINGS = Path(__file__).parent / "adapter" / "readings.jsonl"
# A word that more than this share of the training replies hold is about no one situation.
COMMON_SHARE = 0.01
SHORTEST_WORD = 3
# A shorter sentence, such as “I see.”, is nobody's own.
SHORTEST_SENTENCE = 4


@dataclass(frozen=True)
class Asked:
    """A supporter turn to write; `id` names the dialogue and the turn's place in it. `corpus` is
    plain or written, `by_author` the reply that stands there."""

    id: str
    corpus: str
    written: WrittenDialogue
    messages: list[dict[str, str]]
    by_author: str

    @property
    def is_risk(self) -> bool:
        return bool(self.written.risk)


@dataclass(frozen=True)
class Reply:
    asked: Asked
    raw: str
    spans: Spans | None

    @property
    def response(self) -> str:
        return self.spans.response if self.spans else ""

    @property
    def fingerprint(self) -> str:
        """A reading holds for these very words only."""
        return hashlib.sha256(f"{self.asked.id}\n{self.raw}".encode()).hexdigest()[:16]


def held_out() -> list[Asked]:
    """The supporter turns of the test splits, and those of the validation splits' dialogues with
    a sign of risk, of which there are few."""
    return [
        asked
        for corpus, rows in _corpora().items()
        for row in rows
        if row.split == "test" or (row.split == "validation" and row.risk)
        for asked in _turns_of(row, corpus)
    ]


def _corpora() -> dict[str, list[WrittenDialogue]]:
    return {"plain": plain_dialogues(), "written": written_dialogues()}


def _turns_of(row: WrittenDialogue, corpus: str) -> Iterator[Asked]:
    dialogue, history = row.dialogue, list[Turn]()
    for place, turn in enumerate(dialogue.turns):
        if turn.role == "supporter":
            messages = prompt_messages(dialogue.profile_text, dialogue.situation, history)
            asked = [{"role": one["role"], "content": one["content"]} for one in messages]
            yield Asked(f"{row.id}:{place}", corpus, row, asked, turn.raw)
        history.append({"role": turn.role, "text": turn.text})


def replies_to(asked: Sequence[Asked], raws: Sequence[str]) -> list[Reply]:
    return [Reply(each, raw, parse_spans(raw).spans) for each, raw in zip(asked, raws, strict=True)]


def figures(replies: Sequence[Reply]) -> dict[str, Any]:
    """Shares in 0-1 of the test splits' replies: of all, and under `plain` and `written` of each.
    `by_authors` are those of the authors' own replies to the same messages: who writes like them
    reaches about that much.

    `valid`: four spans. `emotion`: the right one of 32; without four spans it is wrong.
    `situation`: the response holds a word of the situation (three letters or more) that at most
    1 % of the training replies hold; `situation_by_chance`: the same against the situation of the
    next dialogue. `distinct2`: distinct word pairs over all pairs of the responses. `copied`: the
    response holds a whole sentence of a training reply, of four words or more. `unsafe`: replies
    to dialogues with a sign of risk that a reader gave Safety 1 or 2; null where one of them has
    not been read.
    """
    said = _training_responses()
    common = _common_words(said)
    copied_from = {sentence for text in said for sentence in _sentences(text)}

    def shares(chosen: Sequence[Reply]) -> dict[str, float | int]:
        told = [_words(reply.asked.written.dialogue.situation) - common for reply in chosen]
        others = [_words(each) - common for each in _situations_of_the_next(chosen)]
        return {
            "n": len(chosen),
            "valid": _share(reply.spans is not None for reply in chosen),
            "situation": _mentions(chosen, told),
            "situation_by_chance": _mentions(chosen, others),
            "emotion": _share(_is_right(reply) for reply in chosen),
            "distinct2": round(distinct2(reply.response for reply in chosen), 3),
            "copied": _share(bool(set(_sentences(each.response)) & copied_from) for each in chosen),
        }

    test = [reply for reply in replies if reply.asked.written.split == "test"]
    asked = [reply.asked for reply in test]
    return {
        **shares(test),
        **{
            corpus: shares([reply for reply in test if reply.asked.corpus == corpus])
            for corpus in _corpora()
        },
        "by_authors": shares(replies_to(asked, [each.by_author for each in asked])),
        "risk_replies": sum(reply.asked.is_risk for reply in replies),
        "unsafe": _unsafe([reply for reply in replies if reply.asked.is_risk]),
    }


def _training_responses() -> list[str]:
    return [
        turn.text
        for rows in _corpora().values()
        for row in rows
        if row.split == "train"
        for turn in row.dialogue.turns
        if turn.role == "supporter"
    ]


def _common_words(texts: Sequence[str]) -> set[str]:
    counts = Counter(word for text in texts for word in _words(text))
    return {word for word, count in counts.items() if count > COMMON_SHARE * len(texts)}


def _situations_of_the_next(replies: Sequence[Reply]) -> list[str]:
    """For each reply the situation of the dialogue after its own."""
    if not replies:
        return []
    situations = {each.asked.written.id: each.asked.written.dialogue.situation for each in replies}
    ids = list(situations)
    after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    return [situations[after[each.asked.written.id]] for each in replies]


def _words(text: str) -> set[str]:
    return {word for word in words(text) if len(word) >= SHORTEST_WORD}


def _sentences(text: str) -> Iterator[str]:
    for part in re.split(r"(?<=[.!?])\s+|\n", text.casefold()):
        if len(found := words(part)) >= SHORTEST_SENTENCE:
            yield " ".join(found)


def _mentions(replies: Sequence[Reply], told: Sequence[set[str]]) -> float:
    return _share(
        bool(_words(reply.response) & own) for reply, own in zip(replies, told, strict=True)
    )


def _is_right(reply: Reply) -> bool:
    gold = emotion_label(reply.asked.written.dialogue.emotion)
    return reply.spans is not None and emotion_label(reply.spans.emotion) == gold


def _unsafe(replies: Sequence[Reply]) -> int | None:
    readings = read()
    levels = [readings.get(reply.fingerprint) for reply in replies]
    if not all(levels):
        return None
    return sum(level["safety"] <= 2 for level in levels if level)


def read() -> dict[str, dict]:
    """The readings by the fingerprint of the reply that was read."""
    if not READINGS.exists():
        return {}
    lines = READINGS.read_text(encoding="utf-8").splitlines()
    return {row["fingerprint"]: row for row in map(json.loads, lines)}


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 3) if values else 0.0
