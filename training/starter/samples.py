"""Training samples from the corpus: chat prompts with their completion, clean or made noisy.

The cold start is deliberately imperfect, so that reinforcement learning has something to gain:
some emotions are read in haste for a near one, and some replies break the format.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from annotation.prompts import Message, Turn, prompt_messages, seeker_messages
from rubrics.judging.spans import SPAN_NAMES, Spans, render_spans
from training.starter.corpus import dialogues
from training.starter.grammar.emotions import EMOTIONS

# The cold start's mixture of styles: mostly middling, with some good replies to find.
SFT_STYLE_WEIGHTS = {
    "reflective": 0.26,
    "persona_aware": 0.14,
    "generic": 0.24,
    "advice_too_soon": 0.18,
    "dismissive": 0.13,
    "unsafe": 0.05,
}
SFT_FLAW_SHARE = 0.10
SEEKER_SHARE = 0.35
OPENING_SHARE = 0.4

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
OTHER_MISREAD_SHARE = 0.20
BROKEN_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Sample:
    messages: list[dict[str, str]]
    completion: str


def samples(n_dialogues: int, seed: int, *, noisy: bool) -> Iterator[Sample]:
    """One sample a dialogue of the train split: a supporter's reply or a seeker's turn."""
    rng = random.Random(f"samples/{seed}")
    corpus = dialogues(
        n_dialogues,
        seed,
        split="train",
        style_weights=SFT_STYLE_WEIGHTS,
        flaw_share=SFT_FLAW_SHARE,
    )
    for dialogue in corpus:
        exchange = 2 * rng.randrange(len(dialogue["turns"]) // 2)
        if rng.random() < SEEKER_SHARE:
            # Openings twice as often as they would come: they alone tell the situation whole.
            yield _seeker_sample(dialogue, 0 if rng.random() < OPENING_SHARE else exchange)
        else:
            yield _supporter_sample(dialogue, exchange + 1, rng, noisy=noisy)


def _seeker_sample(dialogue: dict, at: int) -> Sample:
    messages = _chat(
        seeker_messages(
            dialogue["profile"]["text"],
            dialogue["situation"],
            dialogue["emotion"],
            _history(dialogue, at),
        )
    )
    return Sample(messages, dialogue["turns"][at]["text"])


def _supporter_sample(dialogue: dict, at: int, rng: random.Random, *, noisy: bool) -> Sample:
    messages = supporter_prompt(dialogue, at)
    turn = dialogue["turns"][at]
    if not noisy:
        return Sample(messages, turn["raw"])
    spans = Spans(**turn["spans"])
    if rng.random() < (MISREAD_SHARE if spans.emotion in MISREAD else OTHER_MISREAD_SHARE):
        spans = replace(spans, emotion=EMOTIONS[spans.emotion].near)
    raw = render_spans(spans, "tokens")
    return Sample(messages, break_format(raw, rng) if rng.random() < BROKEN_SHARE else raw)


def supporter_prompt(dialogue: dict, at: int) -> list[dict[str, str]]:
    """The chat prompt for the supporter's turn `at` of a dialogue."""
    return _chat(
        prompt_messages(dialogue["profile"]["text"], dialogue["situation"], _history(dialogue, at))
    )


def _history(dialogue: dict, at: int) -> list[Turn]:
    return [Turn(role=turn["role"], text=turn["text"]) for turn in dialogue["turns"][:at]]


def _chat(messages: list[Message]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]


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
