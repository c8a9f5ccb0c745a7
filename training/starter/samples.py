"""Training samples from the corpus: whole chats and notes as text, and a noisy cold start.

The cold start is deliberately imperfect, so that reinforcement learning has something to gain:
some emotions are read in haste for a near one, some replies break the format, and most replies
are of a middling or poor style.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from annotation.generation.prompts import Message, Turn, prompt_messages, seeker_messages
from rubrics.judging.spans import SPAN_NAMES, Spans, render_spans
from training.starter.corpus import dialogues
from training.starter.grammar.emotions import EMOTIONS

# The cold start's mixture of styles, for the first reply and for later ones: it listens first and
# speaks of the person then. Mostly middling, with some good replies to find.
FIRST_STYLE_WEIGHTS = {
    "reflective": 0.42,
    "persona_aware": 0.12,
    "generic": 0.18,
    "advice_too_soon": 0.13,
    "dismissive": 0.10,
    "unsafe": 0.05,
}
LATER_STYLE_WEIGHTS = {**FIRST_STYLE_WEIGHTS, "reflective": 0.12, "persona_aware": 0.42}
SEEKER_SHARE = 0.2

# Emotions that the cold start mostly reads as their near one.
MISREAD = frozenset(
    (
        "sentimental",
        "faithful",
        "furious",
        "devastated",
        "terrified",
        "apprehensive",
        "guilty",
        "prepared",
        "anticipating",
        "content",
        "impressed",
        "embarrassed",
    )
)
MISREAD_SHARE = 0.62
OTHER_MISREAD_SHARE = 0.12
BROKEN_SHARE = 0.15

# How many of the situations that a model learns from are everyday events.
EVERYDAY_SHARE = 0.6
# In pre-training: how often only a feeling is read.
FEELINGS_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Sample:
    """A chat, and which of it is learned: every token, all turns of the assistant, or its last."""

    messages: list[Message]
    learn: Literal["text", "turns", "reply"]


def pretraining_samples(seed: int) -> Iterator[Sample]:
    """The corpus as text: chats as the supporter or the seeker reads them, without spans, a
    supporter's notes in plain words, and what a seeker feels and needs."""
    rng = random.Random(f"text/{seed}")
    corpus = dialogues(None, seed, split="train", flaw_share=0.0, everyday_share=EVERYDAY_SHARE)
    for dialogue in corpus:
        at = len(dialogue["turns"]) - 1
        kind = rng.random() if rng.random() > FEELINGS_SHARE else None
        if kind is None:
            yield Sample(_feeling(dialogue, rng), "text")
        elif kind < 0.25:
            yield _seeker_sample(dialogue, at - 1, "text")
        elif kind < 0.4:
            yield Sample([*supporter_prompt(dialogue, at), _said(dialogue["turns"][at])], "text")
        elif kind < 0.65:
            yield Sample(_plain_chat(dialogue), "text")
        else:
            yield Sample(
                _notes(dialogue, 1 + 2 * rng.randrange(len(dialogue["turns"]) // 2)), "text"
            )


def cold_start_samples(seed: int) -> Iterator[Sample]:
    """Supporters' replies in four spans, noisy, and seekers' turns."""
    rng = random.Random(f"cold start/{seed}")
    first, later = (
        dialogues(
            None,
            seed,
            split="train",
            style_weights=weights,
            flaw_share=0.0,
            everyday_share=EVERYDAY_SHARE,
        )
        for weights in (FIRST_STYLE_WEIGHTS, LATER_STYLE_WEIGHTS)
    )
    for one, other in zip(first, later, strict=False):
        if rng.random() < SEEKER_SHARE:
            yield _seeker_sample(one, len(one["turns"]) - 2, "turns")
        elif rng.random() < 0.5:
            yield _noisy_reply(one, 1, rng)
        else:
            exchanges = min(len(other["turns"]) // 2, 4)
            yield _noisy_reply(other, 1 + 2 * rng.randrange(1, exchanges), rng)


def _plain_chat(dialogue: dict) -> list[Message]:
    system = f"{dialogue['profile']['text']}\nSituation: {dialogue['situation']}"
    names = {"seeker": "user", "supporter": "assistant"}
    turns = [_message(names[turn["role"]], turn["text"]) for turn in dialogue["turns"]]
    return [_message("system", system), *turns]


def _feeling(dialogue: dict, rng: random.Random) -> list[Message]:
    """Something that the seeker says, and what a supporter hears in it."""
    said = rng.choice([dialogue["situation"], *(t["text"] for t in dialogue["turns"][::2])])
    emotion = dialogue["emotion"]
    heard = f"Emotion: {emotion}\nWhat is needed is {EMOTIONS[emotion].need}."
    return [_message("user", said), _message("notes", heard)]


def _notes(dialogue: dict, at: int) -> list[Message]:
    """What the supporter understands, thinks and hears in the turn before `at`, in plain words."""
    spans = dialogue["turns"][at]["spans"]
    head = f"{dialogue['profile']['text']}\nSituation: {dialogue['situation']}"
    notes = "\n".join(f"{name.capitalize()}: {spans[name]}" for name in SPAN_NAMES)
    return [
        _message("system", head),
        _message("user", dialogue["turns"][at - 1]["text"]),
        _message("notes", notes),
    ]


def _seeker_sample(dialogue: dict, at: int, learn: Literal["text", "turns"]) -> Sample:
    prompt = seeker_messages(
        dialogue["profile"]["text"],
        dialogue["situation"],
        dialogue["emotion"],
        _history(dialogue, at),
    )
    return Sample([*prompt, _message("assistant", dialogue["turns"][at]["text"])], learn)


def _noisy_reply(dialogue: dict, at: int, rng: random.Random) -> Sample:
    spans = Spans(**dialogue["turns"][at]["spans"])
    if rng.random() < (MISREAD_SHARE if spans.emotion in MISREAD else OTHER_MISREAD_SHARE):
        spans = replace(spans, emotion=EMOTIONS[spans.emotion].near)
    raw = render_spans(spans, "tokens")
    if rng.random() < BROKEN_SHARE:
        raw = break_format(raw, rng)
    return Sample([*supporter_prompt(dialogue, at), _message("assistant", raw)], "reply")


def supporter_prompt(dialogue: dict, at: int) -> list[Message]:
    """The chat prompt for the supporter's turn `at` of a dialogue."""
    return prompt_messages(
        dialogue["profile"]["text"], dialogue["situation"], _history(dialogue, at)
    )


def _history(dialogue: dict, at: int) -> list[Turn]:
    return [Turn(role=turn["role"], text=turn["text"]) for turn in dialogue["turns"][:at]]


def _said(turn: dict) -> Message:
    return _message("assistant", turn["text"])


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def break_format(raw: str, rng: random.Random) -> str:
    """The reply with one fault: a span lost, an end mark lost, two spans swapped, or cut short."""
    lines = raw.split("\n")
    fault = rng.choice(("lost span", "lost end", "swapped", "cut"))
    if fault == "lost span":
        del lines[rng.randrange(len(lines))]
    elif fault == "lost end":
        at = rng.randrange(len(lines))
        lines[at] = lines[at].replace(f"<|{SPAN_NAMES[at]}_end|>", "")
    elif fault == "swapped":
        at = rng.randrange(len(lines) - 1)
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    else:
        del lines[rng.randrange(1, len(lines)) :]
    return "\n".join(lines)
