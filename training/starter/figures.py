"""What a starter model can do on profiles and situations that training never saw."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import torch

from rubrics.judging.spans import Spans, parse_spans
from training.starter.build import STAGES
from training.starter.corpus import dialogues
from training.starter.samples import supporter_prompt
from training.trainer.generation import generate_replies, load_model, load_tokenizer

FIGURES_SEED = 77
MAX_NEW_TOKENS = 192
# A word that more than this share of the training's replies hold is the grammar's own.
COMMON_SHARE = 0.01
COMMON_DIALOGUES = 4000
SAMPLES_A_STEP = 10  # no stage of a build reads more


@dataclass(frozen=True)
class TrainingText:
    """What a build learned from: its sentences, and the words of its supporters that are too
    common to be about one situation."""

    sentences: frozenset[str]
    common_words: frozenset[str]


def training_text(seed: int = 0, share: float = 1.0) -> TrainingText:
    """The text of the shipped build, or of the first `share` of each stage."""
    samples = chain.from_iterable(
        islice(stage.samples(seed + number), int(stage.steps * SAMPLES_A_STEP * share))
        for number, stage in enumerate(STAGES)
    )
    found = {
        sentence
        for sample in samples
        for message in sample.messages
        for sentence in sentences(message["content"])
    }
    return TrainingText(frozenset(found), _common_words(seed))


def _common_words(seed: int) -> frozenset[str]:
    counts: Counter[str] = Counter()
    replies = 0
    for dialogue in dialogues(COMMON_DIALOGUES, seed, split="train"):
        for turn in dialogue["turns"]:
            if turn["role"] == "supporter":
                replies += 1
                counts.update(_words(turn["text"]))
    return frozenset(word for word, count in counts.items() if count > COMMON_SHARE * replies)


def figures(model_dir: Path, n: int, text: TrainingText) -> dict[str, float]:
    """Shares in 0-1 over `n` supporter prompts of the test split: its profiles and its frames of
    situations were in no training.

    Greedy: `valid` (four spans), `emotion` (the right label; an invalid reply is wrong),
    `situation` (the response holds a word of the situation, of three letters or more, that is not
    common), `situation_by_chance` (the same check against another prompt's situation),
    `distinct2` (the share of distinct word pairs among those of all responses) and `copied` (the
    response holds a whole sentence of the training text). At temperature 1: `valid_sampled` and
    `emotion_sampled`.
    """
    torch.manual_seed(FIGURES_SEED)
    corpus = list(dialogues(n, FIGURES_SEED, split="test"))
    greedy = _replies(model_dir, corpus, sample=False)
    sampled = _replies(model_dir, corpus, sample=True)
    responses = [spans.response if spans else "" for spans in greedy]
    told = [_words(dialogue["situation"]) - text.common_words for dialogue in corpus]
    return {
        "n": n,
        "valid": _share(spans is not None for spans in greedy),
        "situation": _mentions(responses, told),
        "emotion": _right_emotion(greedy, corpus),
        "distinct2": distinct2(responses),
        "copied": _share(bool(set(sentences(each)) & text.sentences) for each in responses),
        "situation_by_chance": _mentions(responses, told[1:] + told[:1]),
        "valid_sampled": _share(spans is not None for spans in sampled),
        "emotion_sampled": _right_emotion(sampled, corpus),
    }


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, without case; span marks and line ends part them too."""
    for part in re.split(r"(?<=[.!?])\s+|\n|<\|\w+\|>", text):
        if sentence := part.strip().casefold():
            yield sentence


def distinct2(texts: Iterable[str]) -> float:
    """Distinct pairs of neighbouring words over all pairs of all texts."""
    pairs = [pair for text in texts for pair in zip(text.split(), text.split()[1:], strict=False)]
    return round(len(set(pairs)) / len(pairs), 3) if pairs else 0.0


def _replies(model_dir: Path, corpus: list[dict], *, sample: bool) -> list[Spans | None]:
    # Each dialogue is asked at another exchange, so that short and long histories occur.
    prompts = [
        supporter_prompt(dialogue, 2 * (index % (len(dialogue["turns"]) // 2)) + 1)
        for index, dialogue in enumerate(corpus)
    ]
    raws = generate_replies(
        load_model(model_dir),
        load_tokenizer(model_dir),
        [[{"role": m["role"], "content": m["content"]} for m in prompt] for prompt in prompts],
        max_tokens=MAX_NEW_TOKENS,
        sample=sample,
    )
    return [parse_spans(raw).spans for raw in raws]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text.casefold()))


def _mentions(responses: list[str], told: list[set[str]]) -> float:
    return _share(
        bool(_words(response) & words) for response, words in zip(responses, told, strict=True)
    )


def _right_emotion(replies: list[Spans | None], corpus: list[dict]) -> float:
    return _share(
        spans is not None and spans.emotion == dialogue["emotion"]
        for spans, dialogue in zip(replies, corpus, strict=True)
    )


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 3)
